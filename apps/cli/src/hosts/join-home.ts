/**
 * Makes a directory that of a host of a home elsewhere. Nothing is changed anywhere before the directory, the address and, where processes are to run,
 * the database and, for workers, the object store have been looked at. Cut off after that, the same command goes on.
 */
import { access } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { gatewayFile, RoostError, writeFileDurably, type Clock } from "@roost/base";
import { isOtherMinor, rolesOf, type HostLogins, type HostNeeds } from "@roost/contract/operations";
import { postJson } from "@roost/contract/post-json";
import type { CliConfig } from "../config.ts";
import {
  chooseClientFiles,
  keepHostLogins,
  readJoinedHome,
  requireClientFiles,
  writeJoinedHome,
  type ClientFiles,
  type JoinedHome,
} from "@roost/memory/joined-home";
import { walkHome } from "@roost/memory/walk-home";
import { readAttempt } from "./join-attempt.ts";
import { checkNeeds } from "./check-needs.ts";

export interface JoinOptions {
  url: string;
  code: string;
  name?: string;
  version: string;
  config: Pick<CliConfig, "homeDir" | "environment">;
  clock: Clock;
  /** That files stand in the directory is meant. */
  isAdopted?: boolean;
  /** Of this machine, for the database. */
  clientFiles?: Partial<ClientFiles>;
  /** What is told on the way. */
  note: (text: string) => void;
}

/**
 * @throws RoostError `conflict` when the directory is a home, or the home cannot have workers elsewhere; `unauthenticated` for a code that does not
 * count; `unavailable`
 */
export async function joinHome(options: JoinOptions): Promise<JoinedHome> {
  const { code, name, version, config, clock, note } = options;
  const { homeDir } = config;
  const url = readAddress(options.url);
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
  if (options.isAdopted !== true) await refuseFull(homeDir);
  const host = { name: name ?? hostNameAsToken(), version, at: new Date(clock.nowMs()).toISOString() };
  const attempt = await readAttempt(homeDir, { url, code });
  if (attempt.isNew) {
    const look = await postJson<LookedAt>(`${url}/pair`, { code, host: { ...host, isLook: true } });
    refuseOtherVersion(look.version, version);
    if (look.needs !== undefined) {
      const clientFiles = chooseClientFiles(look.needs, options.clientFiles ?? {});
      await requireClientFiles(
        clientFiles,
        "give those of this machine with --sslcert FILE --sslkey FILE. Nothing was changed, and the code counts still",
      );
      await checkNeeds(look.needs, { config, note, roles: rolesOf(look.scopes) });
    }
  }
  // Before the code is used: what it gives must have a place, and the same attempt may ask again if the answer is lost.
  await attempt.keep();
  const answer = await postJson<Joining>(`${url}/pair`, { code, host: { ...host, attempt: attempt.secret } });
  const write = (path: string, text: string) => writeFileDurably(path, `${text}\n`, { mode: 0o600 });
  const joined: JoinedHome = { name: answer.name, url, scopes: answer.scopes };
  const { needs, logins = [], scopes } = answer;
  if (needs !== undefined) {
    const clientFiles = chooseClientFiles(needs, options.clientFiles ?? {});
    joined.runs = await keepHostLogins(homeDir, { scopes, needs, logins, clientFiles });
  }
  await write(join(homeDir, ".roost", "token"), answer.token);
  await write(gatewayFile(homeDir), JSON.stringify({ url }));
  await writeJoinedHome(homeDir, joined);
  await attempt.forget();
  return joined;
}

/** @throws RoostError `conflict`: what stands there would be brought to the home by the first roost sync */
async function refuseFull(homeDir: string): Promise<void> {
  const { files } = await walkHome(homeDir);
  if (files.length === 0) return;
  const shown = files.slice(0, filesShown).map(({ path }) => path);
  const more = files.length > shown.length ? `, and ${files.length - shown.length} more` : "";
  throw new RoostError(
    "conflict",
    `${homeDir} is not empty: roost sync would bring what stands there to the home (${shown.join(", ")}${more}). Name an empty directory with ROOST_HOME, or say with --adopt that this is meant`,
  );
}

const filesShown = 5;

interface LookedAt {
  version: string;
  scopes: string[];
  needs?: HostNeeds;
}

interface Joining {
  token: string;
  name: string;
  scopes: string[];
  needs?: HostNeeds;
  /** `of`: workers, schedulers, or the name of a service. `url`: of the database, with the login. */
  logins?: HostLogins;
}

function refuseOtherVersion(home: string, own: string): void {
  if (home === "" || !isOtherMinor(home, own)) return;
  throw new RoostError(
    "conflict",
    `the home has version ${home} and this program ${own}: a host of another minor version would be drained at once; install the home's version here first. Nothing was changed, and the code counts still`,
  );
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
