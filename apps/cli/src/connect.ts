/** Finds the gateway of the home, or the named one, and returns a typed client. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { RoostError } from "@roost/base";
import { createHttpClient, type ClientOf } from "@roost/contract/client";
import { roostContract } from "@roost/contract/roost";
import { z } from "zod";
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

const GatewayFile = z.object({ url: z.url(), pid: z.number().int() });

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

async function readGatewayUrl(homeDir: string): Promise<string> {
  const path = join(homeDir, ".roost", "gateway.json");
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) {
    throw new RoostError(
      "unavailable",
      `Roost is not running for the home ${homeDir}: start it with npm start (or roost up --detach), or name another home with ROOST_HOME`,
    );
  }
  const parsed = GatewayFile.safeParse(parseJson(text));
  if (!parsed.success) {
    throw new RoostError("unavailable", `${path} does not name the gateway: restart with roost down and npm start`);
  }
  return parsed.data.url;
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

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
