/** Finds the gateway of the home, or the named one, and returns a typed client. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { delay, processExists, readGatewayUrl, RoostError, systemClock, type Clock } from "@roost/base";
import { createHttpClient, type ClientOf } from "@roost/contract/client";
import { roostContract } from "@roost/contract/roost";
import type { CliConfig } from "./config.ts";
import { readHomeOwner } from "./home-owner.ts";

export type RoostClient = ClientOf<typeof roostContract>;

export interface Connection {
  client: RoostClient;
  /** Base URL of the gateway, without a path. */
  url: string;
  token: string;
}

export interface ConnectOptions {
  /** Replaces the global `fetch`. */
  fetch?: typeof globalThis.fetch;
  /** Says how long a start was waited for. */
  clock?: Clock;
}

/** @throws RoostError `unavailable` when no gateway is known; the message says how to start one */
export async function connect(
  config: CliConfig,
  { fetch = globalThis.fetch, clock = systemClock }: ConnectOptions = {},
): Promise<Connection> {
  const { homeDir } = config;
  const start = { homeDir, clock };
  const url = (config.url ?? (await untilStarted(start, () => readGatewayUrl(homeDir)))).replace(/\/+$/, "");
  const token = config.token ?? (await readToken(config));
  const client = createHttpClient(roostContract, {
    baseUrl: `${url}/api/v1`,
    token,
    fetch: config.url === undefined ? followGateway(fetch, start, url) : fetch,
  });
  return { client, url, token };
}

/** A restarted gateway may have another port: a request that found the old one closed asks at the one that the home names now. */
function followGateway(fetch: typeof globalThis.fetch, start: AwaitedStart, first: string): typeof globalThis.fetch {
  let url = first;
  return async (input, init) => {
    const at = (base: string) => (typeof input === "string" ? base + input.slice(first.length) : input);
    return await untilStarted(start, async () => {
      try {
        return await fetch(at(url), init);
      } catch (error) {
        if (!isUnreached(error)) throw error;
        const named = await readGatewayUrl(start.homeDir);
        if (named === url) throw error;
        url = named;
        return await fetch(at(url), init);
      }
    });
  };
}

/** How long a gateway that is started anew is waited for. */
const startMsMax = 10_000;
const lookMs = 200;

interface AwaitedStart {
  homeDir: string;
  clock: Clock;
}

/**
 * Tries again while the home's supervisor lives: at its start, and when it starts its processes anew, there is no gateway for a moment. What may have
 * reached one is not sent again.
 */
async function untilStarted<Result>({ homeDir, clock }: AwaitedStart, work: () => Promise<Result>): Promise<Result> {
  const untilMs = clock.nowMs() + startMsMax;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const isAway = error instanceof RoostError ? error.code === "unavailable" : isUnreached(error);
      if (!isAway || !(await isKept(homeDir))) throw error;
      if (clock.nowMs() >= untilMs) throw notAnswered(homeDir, error);
      await delay(lookMs);
    }
  }
}

function notAnswered(homeDir: string, cause: unknown): RoostError {
  const message = `Roost was started for the home ${homeDir}, but its gateway has not answered for ${startMsMax / 1000} s: roost doctor says more, and .roost/logs/roost.log in the home`;
  return new RoostError("unavailable", message, { cause });
}

async function isKept(homeDir: string): Promise<boolean> {
  const owner = await readHomeOwner(homeDir);
  return owner !== undefined && owner.state !== "stopping" && processExists(owner.pid);
}

/** Nothing was sent. */
export function isUnreached(error: unknown): boolean {
  const { code } = ((error as Error).cause ?? {}) as { code?: unknown };
  return code === "ECONNREFUSED";
}

async function readToken(config: CliConfig): Promise<string> {
  const path = join(config.homeDir, ".roost", "token");
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (error) {
    const hint = config.url === undefined ? "run as the owner of the home" : "set ROOST_TOKEN to the gateway's token";
    throw new RoostError("unauthenticated", `the token in ${path} cannot be read: ${hint}`, { cause: error });
  }
}
