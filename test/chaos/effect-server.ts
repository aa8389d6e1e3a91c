/**
 * The world outside: an HTTP server that counts what is done to it, and is as troublesome as the world. It honours idempotency keys
 * on one path and performs whatever arrives on the other; it also keeps what writers were told is durable.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { delay } from "@roost/base";
import type { RandomSource } from "./random-source.ts";

export interface KeyedEffect {
  /** Distinct idempotency keys under which it was asked for: one, or it was done twice. */
  keys: Set<string>;
  requestCount: number;
  /** What the first performance answered. */
  answer: number;
}

export interface EffectServer extends AsyncDisposable {
  url: string;
  /** By effect id. */
  keyed: Map<string, KeyedEffect>;
  /** By effect id: how often it was performed. */
  plain: Map<string, number>;
  /** Ids of events whose writers heard that they are durable. */
  acknowledged: Set<string>;
  /** Whether it answers everything at once. */
  setCalm(isCalm: boolean): void;
}

const refusedShare = 0.04;
const cutShare = 0.05;
const slowShare = 0.2;
const slowMsMax = 400;

export async function startEffectServer(random: RandomSource, { address }: { address: string }): Promise<EffectServer> {
  const keyed = new Map<string, KeyedEffect>();
  const plain = new Map<string, number>();
  const acknowledged = new Set<string>();
  let isCalm = false;
  let performedCount = 0;

  function perform(path: string, effectId: string, key: string): number {
    if (path === "/plain") {
      plain.set(effectId, (plain.get(effectId) ?? 0) + 1);
      return (performedCount += 1);
    }
    const known = keyed.get(effectId) ?? { keys: new Set(), requestCount: 0, answer: (performedCount += 1) };
    known.keys.add(key);
    known.requestCount += 1;
    keyed.set(effectId, known);
    return known.answer;
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = (await json(request)) as { effectId?: string; ids?: string[] };
    if (request.url === "/acknowledged") {
      for (const id of body.ids ?? []) acknowledged.add(id);
      return void response.end("{}");
    }
    const trouble = isCalm ? 1 : random.next();
    const isSlow = !isCalm && random.chance(slowShare);
    if (isSlow) await delay(random.whole(1, slowMsMax));
    if (trouble < refusedShare) return void response.writeHead(503).end("{}");
    const performed = request.url === "/read" ? 0 : perform(request.url ?? "", body.effectId ?? "", keyOf(request));
    if (trouble < refusedShare + cutShare) return void request.socket.destroy();
    if (isSlow) await delay(random.whole(1, slowMsMax));
    response.end(JSON.stringify({ performed }));
  }

  const server = createServer((request, response) => {
    // A client that was killed in the middle of its request is part of the game.
    answer(request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  return {
    url: `http://${address}:${(server.address() as AddressInfo).port}`,
    keyed,
    plain,
    acknowledged,
    setCalm: (wanted) => void (isCalm = wanted),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function keyOf(request: IncomingMessage): string {
  const key = request.headers["idempotency-key"];
  return typeof key === "string" ? key : "";
}
