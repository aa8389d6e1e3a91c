/**
 * What the door `/v1` adds to a model that answers at once: beside the model asked directly, and beside other gateways where they can be
 * installed; and a turn of an agent through it. By turns, so that the machine's load falls on all alike.
 */
import { startHome, withoutJobs } from "../living-home/start-home.ts";
import { startProgram } from "../living-home/start-program.ts";
import { formatMs, type Figure, type Measure } from "../measure.ts";
import { openDurableDatabase } from "../open-durable-database.ts";
import { statistics } from "../statistics.ts";
import { bodyOf, timeCalls, timeManyCalls, type DoorTarget, type TimedCall } from "../door/time-calls.ts";
import { openDoorPeers } from "../door/open-door-peers.ts";

const addedMsMax = 0.35;
const timesPortkeyMin = 2;
const firstByteAddedMsMax = 1;
const clients = 32;

interface Contestant {
  name: string;
  target: DoorTarget;
  single: TimedCall[];
  streamed: TimedCall[];
  perSecond: number[];
}

export const measureDoor: Measure = async ({ isQuick, onProgress }) => {
  onProgress("calls of a model through /v1, against the model itself and other gateways");
  await using opened = new AsyncDisposableStack();
  const database = opened.use(await openDurableDatabase());
  const upstream = opened.use(await startProgram({ path: "bench/src/door/upstream-program.ts", environment: {} }));
  const upstreamUrl = upstream.ready.url!;
  const home = opened.use(
    await startHome({
      databaseUrl: database.url,
      modelUrl: `${upstreamUrl}/v1`,
      workerCount: 2,
      files: {
        ...withoutJobs,
        "roost.yaml": (text) =>
          `${withoutJobs["roost.yaml"]!(text).replace(/^budgets:[\s\S]*?(?=^\S)/m, "")}\nbudgets: {}\n`,
      },
    }),
  );
  const url = `${home.gateway.ready.url!}/v1/chat/completions`;
  // Keys have a rate, which is far below what is measured.
  const headers = { authorization: `Bearer ${home.token}` };
  const contestants: Contestant[] = [
    contestant("direct", { url: `${upstreamUrl}/v1/chat/completions`, model: "scripted", headers: {} }),
    contestant("Roost", { url, model: "model/scripted", headers }),
  ];
  if (!isQuick)
    for (const peer of await openDoorPeers(upstreamUrl, onProgress))
      contestants.push(contestant(opened.use(peer).name, peer.target));
  const rounds = isQuick ? 1 : 5;
  for (let round = -1; round < rounds; round += 1)
    for (const each of contestants) await measureOne(each, { isQuick, isWarmUp: round < 0 });
  const figures = compare(contestants);
  onProgress("turns of an agent through /v1");
  for (const count of [1, 8])
    figures.push(await measureTurns({ url, model: "roost/main", headers }, { count, isQuick }));
  return figures;
};

function contestant(name: string, target: DoorTarget): Contestant {
  return { name, target, single: [], streamed: [], perSecond: [] };
}

async function measureOne(
  each: Contestant,
  { isQuick, isWarmUp }: { isQuick: boolean; isWarmUp: boolean },
): Promise<void> {
  const { target } = each;
  const count = isQuick ? 20 : 500;
  const single = await timeCalls(target, bodyOf(target), count);
  const streamed = await timeCalls(target, bodyOf(target, { stream: true }), isQuick ? 5 : 100);
  const many = await timeManyCalls(target, bodyOf(target), { clients, forMs: isQuick ? 200 : 2_000 });
  if (isWarmUp) return;
  each.single.push(...single);
  each.streamed.push(...streamed);
  each.perSecond.push(many.perSecond);
}

function compare(contestants: readonly Contestant[]): Figure[] {
  const [direct, roost, ...peers] = contestants.map(({ name, single, streamed, perSecond }) => ({
    name,
    single: statistics(single.map(({ ms }) => ms)),
    first: statistics(streamed.map(({ firstByteMs }) => firstByteMs)),
    perSecond: statistics(perSecond).p50,
  }));
  const all = [direct!, roost!, ...peers];
  const tell = (value: (each: (typeof all)[number]) => string) =>
    all.map((each) => `${each.name} ${value(each)}`).join(", ");
  const added = roost!.single.p50 - direct!.single.p50;
  const firstAdded = roost!.first.p50 - direct!.first.p50;
  const portkey = peers.find(({ name }) => name === "Portkey");
  const times = portkey === undefined ? undefined : roost!.perSecond / portkey.perSecond;
  return [
    {
      name: "call through /v1 over a direct one, one client, p50",
      value: `${added.toFixed(2)} ms`,
      details: `p50 (p99): ${tell(({ single }) => `${single.p50.toFixed(2)} (${single.p99.toFixed(2)}) ms`)}; ${roost!.single.count} calls each, by turns`,
      aim: `≤ ${addedMsMax} ms`,
      isMet: added <= addedMsMax,
    },
    {
      name: `calls through /v1, ${clients} clients`,
      value: `${roost!.perSecond.toFixed(0)} a second`,
      details: `${tell(({ perSecond }) => `${perSecond.toFixed(0)}/s`)}${times === undefined ? "" : `; ${times.toFixed(1)} times Portkey`}`,
      ...(times === undefined ? {} : { aim: `≥ ${timesPortkeyMin} times Portkey`, isMet: times >= timesPortkeyMin }),
    },
    {
      name: "first chunk of a stream through /v1 over a direct one, p50",
      value: `${firstAdded.toFixed(2)} ms`,
      details: `p50 (p99): ${tell(({ first }) => `${first.p50.toFixed(2)} (${first.p99.toFixed(2)}) ms`)}; 100 chunks each`,
      aim: `≤ ${firstByteAddedMsMax} ms, no wait of its own`,
      isMet: firstAdded <= firstByteAddedMsMax,
    },
  ];
}

async function measureTurns(
  target: DoorTarget,
  { count, isQuick }: { count: number; isQuick: boolean },
): Promise<Figure> {
  const perClient = isQuick ? 2 : Math.ceil(120 / count);
  const warmUps = isQuick ? 0 : 20;
  const client = async (name: number) => {
    const headers = { ...target.headers, "x-roost-session": `bench-${count}-${name}` };
    const of = { ...target, headers };
    const calls: TimedCall[] = [];
    for (let round = -warmUps; round < perClient; round += 1) {
      const [call] = await timeCalls(of, bodyOf(target, { user: `${round}` }), 1);
      if (round >= 0) calls.push(call!);
    }
    return calls;
  };
  const all = await Promise.all(Array.from({ length: count }, (_, name) => client(name)));
  const { p50, p99, count: turns } = statistics(all.flat().map(({ ms }) => ms));
  return {
    name: `agent turn through /v1, ${count === 1 ? "one client" : `${count} clients`}, p50`,
    value: formatMs(p50),
    details: `p99 ${formatMs(p99)}; ${turns} turns with a model that answers at once, each client in a conversation of its own`,
  };
}
