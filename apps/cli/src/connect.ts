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
  const client = createHttpClient(roostContract, {
    baseUrl: `${url}/api/v1`,
    token,
    fetch: options.fetch,
  });
  return { client, url, token };
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
