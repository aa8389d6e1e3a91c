/** Finds the gateway of the home, or the named one, and returns a typed client. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readGatewayUrl, RoostError } from "@roost/base";
import { createHttpClient, type ClientOf } from "@roost/contract/client";
import { roostContract } from "@roost/contract/roost";
import type { CliConfig } from "./config.ts";

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
}

/** @throws RoostError `unavailable` when no gateway is known; the message says how to start one */
export async function connect(config: CliConfig, options: ConnectOptions = {}): Promise<Connection> {
  const url = (config.url ?? (await readGatewayUrl(config.homeDir))).replace(/\/+$/, "");
  const token = config.token ?? (await readToken(config));
  const fetch = options.fetch ?? globalThis.fetch;
  const client = createHttpClient(roostContract, {
    baseUrl: `${url}/api/v1`,
    token,
    fetch: config.url === undefined ? followGateway(fetch, config.homeDir, url) : fetch,
  });
  return { client, url, token };
}

/** A restarted gateway may have another port: a request that found the old one closed asks at the one that the home names now. */
function followGateway(fetch: typeof globalThis.fetch, homeDir: string, first: string): typeof globalThis.fetch {
  let url = first;
  return async (input, init) => {
    const at = (base: string) => (typeof input === "string" ? base + input.slice(first.length) : input);
    try {
      return await fetch(at(url), init);
    } catch (error) {
      const named = await readGatewayUrl(homeDir).catch(() => url);
      if (named === url || !isUnreached(error)) throw error;
      url = named;
      return await fetch(at(url), init);
    }
  };
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
