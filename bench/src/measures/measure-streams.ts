/**
 * A thousand event streams open on one gateway: how long until an event has reached all of them, how quick the status is meanwhile, and the
 * memory that they cost. The readers are sockets of this process, as plain as can be, so that they cost little beside what is measured; a second
 * process asks for the status, so that it does not wait for them.
 */
import { spawn } from "node:child_process";
import { request, type IncomingMessage } from "node:http";
import { text as readText } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { delay } from "@roost/base";
import { readResidentMib } from "../living-home/home-processes.ts";
import { startQuietHome, type LivingHome } from "../living-home/start-home.ts";
import type { Program } from "../living-home/start-program.ts";
import { formatMs, timed, type Figure, type Measure, type MeasureOptions } from "../measure.ts";
import { openDurableDatabase } from "../open-durable-database.ts";
import { statistics } from "../statistics.ts";

const aimReachMs = 1_000;
const aimStatusMs = 100;
const aimMib = 100;
const rounds = 60;
/** With the streams open and nothing to send. */
const aloneMs = 5_000;
const arriveMsMax = 30_000;
const statusProgram = fileURLToPath(new URL("../status-program.ts", import.meta.url));

export const measureStreams: Measure = (options) => measureOver(1, options);

/** The same over two gateways of one home, as behind a load balancer; what happens is asked of the second one. */
export const measureGateways: Measure = (options) => measureOver(2, options);

async function measureOver(gatewayCount: number, { isQuick, share, onProgress }: MeasureOptions): Promise<Figure[]> {
  const count = isQuick ? 20 : Math.round(1_000 * share);
  const over = gatewayCount === 1 ? "one gateway" : `${gatewayCount} gateways`;
  onProgress(`${count} event streams open on ${over}`);
  await using opened = await openDurableDatabase();
  await using home = await startQuietHome(opened.url);
  const gateways = [home.gateway];
  while (gateways.length < gatewayCount) gateways.push(await home.addGateway());
  const headers = { authorization: `Bearer ${home.token}` };
  for (let call = 0; call < (isQuick ? 2 : 200); call += 1)
    for (const { ready } of gateways) await (await fetch(`${ready.url}/api/v1/status`, { headers })).arrayBuffer();
  const before = await readMibOf(gateways);
  const streams = await openStreams(gateways, { token: home.token, count });
  const reached: number[] = [];
  const alone = await askStatus(home, () => delay(isQuick ? 100 : aloneMs));
  let status: number[] = [];
  const sendAll = async () => {
    for (let round = 0; round < (isQuick ? 2 : rounds); round += 1) {
      const text = `event ${round} of the bench`;
      const arrived = streams.expect(text);
      reached.push(
        await timed(async () => {
          await home.api.sendMessage({ sessionKey: `talk-${round}`, text });
          await Promise.race([arrived, delay(arriveMsMax).then(() => Promise.reject(new Error("an event was lost")))]);
        }),
      );
    }
  };
  try {
    status = await askStatus(home, sendAll);
  } finally {
    streams.close();
  }
  const addedMib = (await readMibOf(gateways)) - before;
  const [reach, asked, quiet] = [statistics(reached), statistics(status), statistics(alone)];
  return [
    {
      name: `an event until it has reached all of ${count.toLocaleString("en")} streams over ${over}`,
      value: formatMs(reach.max),
      details: `the slowest of ${reach.count}; p50 ${formatMs(reach.p50)}, with the call that makes it`,
      aim: `≤ ${formatMs(aimReachMs)}`,
      isMet: reach.max <= aimReachMs,
    },
    {
      name: "the status meanwhile, p99",
      value: formatMs(asked.p99),
      details: `p50 ${formatMs(asked.p50)} of ${asked.count}, one after another, from a process of its own; while nothing happens p50 ${formatMs(quiet.p50)}, p99 ${formatMs(quiet.p99)}`,
      aim: `≤ ${formatMs(aimStatusMs)}`,
      isMet: asked.p99 <= aimStatusMs,
    },
    {
      name: `memory that the streams add to ${over} (RSS)`,
      value: `${addedMib.toFixed(0)} MiB`,
      details: `${before.toFixed(0)} MiB before them`,
      aim: `≤ ${aimMib} MiB`,
      isMet: addedMib <= aimMib,
    },
  ];
}

/** How long each took that was asked for while this works. */
async function askStatus({ gateway, token }: LivingHome, work: () => Promise<unknown>): Promise<number[]> {
  const child = spawn(process.execPath, [statusProgram, `${gateway.ready.url}/api/v1`, token], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const printed = readText(child.stdout);
  try {
    await work();
  } finally {
    child.stdin.end();
  }
  return JSON.parse(await printed) as number[];
}

async function openStreams(gateways: readonly Program[], { token, count }: { token: string; count: number }) {
  const waiting = new Map<number, (text: string) => void>();
  const responses: IncomingMessage[] = [];
  const open = (number: number) =>
    new Promise<void>((resolve, reject) => {
      const headers = { authorization: `Bearer ${token}`, accept: "text/event-stream" };
      const sent = request(
        `${gateways[number % gateways.length]!.ready.url}/api/v1/events?topics=sessions`,
        { headers, agent: false },
        (response) => {
          if (response.statusCode !== 200)
            return reject(new Error(`stream ${number} got status ${response.statusCode}`));
          responses.push(response);
          response.setEncoding("utf8").on("data", (part: string) => waiting.get(number)?.(part));
          response.on("error", () => undefined);
          resolve();
        },
      );
      sent.once("error", reject).end();
    });
  for (let from = 0; from < count; from += 50)
    await Promise.all(Array.from({ length: Math.min(50, count - from) }, (_, index) => open(from + index)));
  return {
    /** Resolves when each stream has brought the text. */
    expect(text: string): Promise<unknown> {
      const all = responses.map((_, number) => {
        let seen = "";
        return new Promise<void>((resolve) => {
          waiting.set(number, (part) => {
            seen += part;
            if (!seen.includes(text)) return;
            waiting.delete(number);
            resolve();
          });
        });
      });
      return Promise.all(all);
    },
    close() {
      for (const response of responses) response.destroy();
    },
  };
}

async function readMibOf(gateways: readonly Program[]): Promise<number> {
  const sizes = await Promise.all(gateways.map(async ({ pid }) => (await readResidentMib(pid)) ?? Number.NaN));
  return sizes.reduce((sum, each) => sum + each, 0);
}
