/** A directory that belongs to a home elsewhere: `.roost/host.json`, beside the address and token that every command reads. */
import { access, constants, mkdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { RoostError, writeFileDurably } from "@roost/base";
import { rolesOf } from "@roost/contract/host-scopes";
import type { HostLogins, HostNeeds } from "@roost/contract/operations";
import { changeDatabaseUrl, type DatabaseUrlFiles } from "@roost/database/database-url";

export interface JoinedHome {
  /** Of the host. */
  name: string;
  /** Of the gateway. */
  url: string;
  scopes: string[];
  /** Undefined: it runs nothing. */
  runs?: JoinedRoles | undefined;
}

/** What a host runs of the home. `database`: reference to the URL of a login of its own, as `file:.roost/database-url`. */
export interface JoinedRoles {
  homeId: string;
  /** As OBJECTS_URL names it; the key is of this machine's environment. */
  workers?: { database: string; objects: string } | undefined;
  schedulers?: { database: string } | undefined;
  relay?: { database: string } | undefined;
  gateways?: { database: string; objects: string } | undefined;
  services: { name: string; database: string }[];
  /** References that they resolve on this machine, as the home named them last. */
  secrets?: readonly string[];
  /** Of this machine, with which it proves to the database that it is it. */
  clientFiles?: ClientFiles | undefined;
}

export type ClientFiles = Required<Pick<DatabaseUrlFiles, "sslcert" | "sslkey">>;

const authorityFile = ".roost/database-ca.pem";
const mode = 0o600;

export function hostFile(homeDir: string): string {
  return join(homeDir, ".roost", "host.json");
}

/** Undefined when the directory belongs to no home elsewhere. @throws RoostError `internal` when that cannot be told */
export async function readJoinedHome(homeDir: string): Promise<JoinedHome | undefined> {
  const path = hostFile(homeDir);
  try {
    return JSON.parse(await readFile(path, "utf8")) as JoinedHome;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new RoostError("internal", `${path} cannot be read: remove it and join again`, { cause });
  }
}

/** The record of a host; what it runs with is kept before. */
export async function writeJoinedHome(homeDir: string, joined: JoinedHome): Promise<void> {
  await writeFileDurably(hostFile(homeDir), `${JSON.stringify(joined)}\n`, { mode });
}

export interface GivenLogins {
  scopes: readonly string[];
  needs: HostNeeds;
  logins: HostLogins;
  clientFiles: ClientFiles | undefined;
}

/** Keeps the logins that the home gave, with the files of this machine in place of the home's. Undefined: it runs nothing. */
export async function keepHostLogins(
  homeDir: string,
  { scopes, needs, logins, clientFiles }: GivenLogins,
): Promise<JoinedRoles | undefined> {
  const roles = rolesOf(scopes);
  if (roles === undefined) return undefined;
  await mkdir(join(homeDir, ".roost"), { recursive: true, mode: 0o700 });
  const files: DatabaseUrlFiles = { ...clientFiles };
  const authority = needs.tls?.authority;
  if (typeof authority === "string") {
    files.sslrootcert = resolve(homeDir, authorityFile);
    await writeFileDurably(files.sslrootcert, authority, { mode });
  }
  for (const { of, url } of logins)
    await writeFileDurably(join(homeDir, loginFile(of)), `${changeDatabaseUrl(url, { files })}\n`, { mode });
  const database = `file:${loginFile("workers")}`;
  return {
    homeId: needs.homeId,
    workers: roles.workers && needs.objects !== undefined ? { database, objects: needs.objects } : undefined,
    schedulers: roles.schedulers ? { database } : undefined,
    relay: roles.relay ? { database: `file:${loginFile("relay")}` } : undefined,
    gateways:
      roles.gateways && needs.objects !== undefined
        ? { database: `file:${loginFile("gateways")}`, objects: needs.objects }
        : undefined,
    services: roles.services.map((name) => ({ name, database: `file:${loginFile(name)}` })),
    secrets: needs.secrets,
    clientFiles,
  };
}

/** Of a login, by what it is for. Workers and schedulers share one. */
function loginFile(of: string): string {
  return of === "workers" || of === "schedulers" ? ".roost/database-url" : `.roost/database-url-${of}`;
}

/**
 * The certificate and key of this machine: those that were given, else those at the paths that the home has for its own. Undefined: none is asked for.
 * @throws RoostError `invalid_input` when one of them was given without the other
 */
export function chooseClientFiles(
  { tls }: HostNeeds,
  { sslcert, sslkey }: Partial<ClientFiles>,
): ClientFiles | undefined {
  if ((sslcert === undefined) !== (sslkey === undefined))
    throw new RoostError("invalid_input", "a certificate and its key belong together: give --sslcert and --sslkey");
  const wanted = sslcert === undefined || sslkey === undefined ? tls?.clientFiles : { sslcert, sslkey };
  return wanted == null ? undefined : { sslcert: resolve(wanted.sslcert), sslkey: resolve(wanted.sslkey) };
}

/** @throws RoostError `invalid_input` that says what to do where this machine has them not, or this user may not read them */
export async function requireClientFiles(files: ClientFiles | undefined, advice: string): Promise<void> {
  for (const path of files === undefined ? [] : [files.sslcert, files.sslkey])
    await access(path, constants.R_OK).catch((cause: unknown) => {
      throw new RoostError(
        "invalid_input",
        `${path}, with which this machine proves itself to the home's database, cannot be read here: ${advice}`,
        { cause },
      );
    });
}
