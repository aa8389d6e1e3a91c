/** Calls of chat completions over kept connections: how long each takes, and how many are answered in a while. */
import { Agent, request } from "node:http";

export interface DoorTarget {
  url: string;
  model: string;
  headers: Readonly<Record<string, string>>;
}

export interface TimedCall {
  ms: number;
  firstByteMs: number;
}

/** @throws Error for any answer but a good one */
export function timeCall(target: DoorTarget, agent: Agent, body: string): Promise<TimedCall> {
  return new Promise((resolve, reject) => {
    const startMs = performance.now();
    const headers = {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
      ...target.headers,
    };
    const call = request(target.url, { method: "POST", agent, headers }, (response) => {
      let firstByteMs = -1;
      response.on("data", () => {
        if (firstByteMs < 0) firstByteMs = performance.now() - startMs;
      });
      response.once("error", reject);
      response.once("end", () => {
        if (response.statusCode === 200) resolve({ ms: performance.now() - startMs, firstByteMs });
        else reject(new Error(`${target.url} answered ${response.statusCode}`));
      });
    });
    call.once("error", reject);
    call.end(body);
  });
}

export function bodyOf({ model }: DoorTarget, fields: object = {}): string {
  return JSON.stringify({ model, messages: [{ role: "user", content: "What is new?" }], ...fields });
}

/** One after the other. */
export async function timeCalls(target: DoorTarget, body: string, count: number): Promise<TimedCall[]> {
  const agent = new Agent({ keepAlive: true });
  const calls: TimedCall[] = [];
  for (let round = 0; round < count; round += 1) calls.push(await timeCall(target, agent, body));
  agent.destroy();
  return calls;
}

/** Many at once for a while: answers a second, and their times. */
export async function timeManyCalls(
  target: DoorTarget,
  body: string,
  { clients, forMs }: { clients: number; forMs: number },
): Promise<{ perSecond: number; calls: TimedCall[] }> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const calls: TimedCall[] = [];
  const startMs = performance.now();
  const client = async () => {
    while (performance.now() - startMs < forMs) calls.push(await timeCall(target, agent, body));
  };
  await Promise.all(Array.from({ length: clients }, client));
  const elapsedMs = performance.now() - startMs;
  agent.destroy();
  return { perSecond: (calls.length / elapsedMs) * 1000, calls };
}
