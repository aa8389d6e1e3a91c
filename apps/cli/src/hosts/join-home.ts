/** Makes a directory the copy of a home elsewhere. Nothing is changed anywhere before the directory and the address have been looked at. */
import { access, mkdir } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { gatewayFile, RoostError, writeFileDurably, type Clock } from "@roost/base";
import { fromProblem } from "@roost/contract/client";
import type { CliConfig } from "../config.ts";
import { hostFile, readJoinedHome, type JoinedHome } from "./joined-home.ts";

export interface JoinOptions {
  url: string;
  code: string;
  name?: string;
  version: string;
  config: Pick<CliConfig, "homeDir">;
  clock: Clock;
}

/** @throws RoostError `conflict` when the directory is a home, `unauthenticated` for a code that does not count, `unavailable` */
export async function joinHome({ url: given, code, name, version, config, clock }: JoinOptions): Promise<JoinedHome> {
  const { homeDir } = config;
  const url = readAddress(given);
  const before = await readJoinedHome(homeDir);
  const isHome = await access(join(homeDir, ".roost", "home.json")).then(
    () => true,
    () => false,
  );
  if (before !== undefined || isHome)
    throw new RoostError(
      "conflict",
      `${homeDir} is ${before === undefined ? "a home of its own" : `a copy of ${before.url} already`}: name another directory with ROOST_HOME`,
    );
  const host = { name: name ?? hostNameAsToken(), version, at: new Date(clock.nowMs()).toISOString() };
  // The directory first: a code counts once, and what it gives must have a place.
  await mkdir(join(homeDir, ".roost"), { recursive: true, mode: 0o700 });
  const answer = await bring(url, { code, host });
  const joined = { name: answer.name, url, scopes: answer.scopes };
  const write = (path: string, text: string) => writeFileDurably(path, `${text}\n`, { mode: 0o600 });
  await write(join(homeDir, ".roost", "token"), answer.token);
  await write(gatewayFile(homeDir), JSON.stringify({ url }));
  await write(hostFile(homeDir), JSON.stringify(joined));
  return joined;
}

function readAddress(given: string): string {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new RoostError("invalid_input", `"${given}" is no address of a gateway, as in https://roost.example`);
  const isHere = /^(localhost|127\.[\d.]+|\[::1\])$/.test(url.hostname);
  if (url.protocol === "http:" && !isHere)
    throw new RoostError(
      "invalid_input",
      `${given} is not encrypted, and a token goes over it: give the https address (docs/phone.md)`,
    );
  return url.origin;
}

/** Lower-case letters, digits, dots, - and _. */
function hostNameAsToken(): string {
  const name = hostname()
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]/g, "-")
    .replace(/^[^a-z0-9]+/, "")
    .slice(0, 50);
  return name === "" ? "host" : name;
}

async function bring(
  url: string,
  given: { code: string; host: { name: string; version: string; at: string } },
): Promise<{ token: string; name: string; scopes: string[] }> {
  const body = JSON.stringify(given);
  const headers = { "content-type": "application/json", "content-length": String(Buffer.byteLength(body)) };
  const response = await fetch(`${url}/pair`, { method: "POST", headers, body, redirect: "error" }).catch(
    (cause: unknown) => {
      throw new RoostError("unavailable", `${url} does not answer: ${(cause as Error).message}`, { cause });
    },
  );
  if (!response.ok) throw fromProblem(response.status, await response.json().catch(() => undefined));
  return (await response.json()) as { token: string; name: string; scopes: string[] };
}
