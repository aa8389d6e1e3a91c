/**
 * What Roost adds to a model: a message through gateway, worker and model until its run is over, as a client sees it over HTTP,
 * against the same model asked directly. The model answers at once, so that nothing hides the difference.
 */
import { startScriptedModelServer } from "@roost/agent/testing";
import { startHome, withoutJobs, type LivingHome } from "../living-home/start-home.ts";
import { formatMs, timed, type Measure } from "../measure.ts";
import { openDurableDatabase } from "../open-durable-database.ts";
import { statistics } from "../statistics.ts";

const aimMsMax = 20;
const aimKilobytesMax = 10;
/** A home runs for months; until V8 has seen its code for some hundred turns, each takes half as long again. */
const warmUpsMax = 200;
/** A conversation of ordinary length; then the next begins. */
const turnsPerSession = 10;

export const measureTurn: Measure = async ({ isQuick, onProgress }) => {
  onProgress("a whole agent turn against a direct call of the same model");
  await using opened = await openDurableDatabase();
  await using model = await startScriptedModelServer({
    script: () => ({ text: "At your service.", chunks: ["At your service."] }),
  });
  await using home = await startHome({
    databaseUrl: opened.url,
    modelUrl: model.url,
    workerCount: 2,
    files: withoutJobs,
  });
  const [warmUps, count] = isQuick ? [2, 5] : [warmUpsMax, 200];
  const turns: number[] = [];
  const directs: number[] = [];
  const sizeOf = async () => {
    const [row] = await opened.database.query<{ bytes: number }>(
      "select pg_database_size(current_database()) as bytes",
    );
    return row!.bytes;
  };
  let sizeBefore = 0;
  for (let round = -warmUps; round < count; round += 1) {
    if (round === 0) sizeBefore = await sizeOf();
    const turnMs = await timed(() => takeTurn(home, `bench-${Math.floor((round + warmUps) / turnsPerSession)}`));
    const directMs = await timed(() => askDirectly(model.url));
    if (round < 0) continue;
    turns.push(turnMs);
    directs.push(directMs);
  }
  const [turn, direct] = [statistics(turns), statistics(directs)];
  const added = turn.p50 - direct.p50;
  const kilobytes = ((await sizeOf()) - sizeBefore) / count / 1024;
  return [
    {
      name: "agent turn over a direct call of the same instant model, p50",
      value: formatMs(added),
      details: `a turn ${formatMs(turn.p50)} (p99 ${formatMs(turn.p99)}), a direct call ${formatMs(direct.p50)}; ${turn.count} turns, by turns`,
      aim: `≤ ${aimMsMax} ms`,
      isMet: added <= aimMsMax,
    },
    {
      name: "agent turn on disk",
      value: `${kilobytes.toFixed(1)} KiB`,
      details: "what the database grew by, tables and indexes, with the message, the run, its steps and events",
      aim: `≤ ${aimKilobytesMax} KiB`,
      isMet: kilobytes <= aimKilobytesMax,
    },
  ];
};

async function takeTurn({ api }: LivingHome, sessionKey: string): Promise<void> {
  const { runId } = await api.sendMessage({ sessionKey, text: "What is new?" });
  for await (const { data } of api.watchRun({ runId })) {
    if (data.kind !== "over") continue;
    if (data.run.state !== "done") throw new Error(`run ${runId} is ${data.run.state}: ${data.run.error?.message}`);
    return;
  }
}

async function askDirectly(url: string): Promise<void> {
  const response = await fetch(`${url}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "scripted", stream: true, messages: [{ role: "user", content: "What is new?" }] }),
  });
  await response.text();
}
