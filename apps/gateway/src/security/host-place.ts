/**
 * What a host that runs processes of the home needs, why it cannot have it, and the logins that it gets: a database that both reach, and for workers
 * and gateways an object store. Read by those who bring a code.
 */
import { readFile } from "node:fs/promises";
import { createHostLogin, requireLogins, type HostLogin } from "@roost/access";
import { RoostError } from "@roost/base";
import { rolesOf, type HostLogins, type HostNeeds, type HostRoles } from "@roost/contract/operations";
import { changeDatabaseUrl, parseDatabaseUrl, readUrlProtection, type Sql, type Transaction } from "@roost/database";
import { secretsOfGateways, secretsOfWorkers, type Settings } from "@roost/memory/settings";
import { createServiceLogin, requireInstalled } from "@roost/service";
import { leftToHome } from "./leave-to-home.ts";

export interface HostPlace {
  homeId: string;
  /** Of the home's own user; undefined: the PostgreSQL that comes with Roost. */
  databaseUrl: string | undefined;
  /** As OBJECTS_URL names it; undefined: on the home's disk. */
  objects: string | undefined;
  /** Of the home's gateway, where this one is on another host; undefined: this one is beside the home. */
  homeAddress?: string | undefined;
}

/**
 * @throws RoostError `conflict`, or `forbidden`, that says what the person or an administrator of the database has to do first; `not_found` for a service that the
 * home does not run; `unavailable` where this gateway is on another host
 */
export async function needsOfHost(
  { homeId, databaseUrl, objects, homeAddress }: HostPlace,
  { roles, settings, sql }: { roles: HostRoles; settings: Settings; sql: Sql },
): Promise<HostNeeds> {
  if (homeAddress !== undefined) throw leftToHome("A login for what a host runs", homeAddress);
  if (databaseUrl === undefined)
    throw new RoostError(
      "conflict",
      "the home stands on the PostgreSQL that comes with Roost, whose only door is a socket on its own machine: a host can watch it and keep files (roost hosts invite alone); for processes elsewhere move it first, with roost database move URL to a PostgreSQL that both reach (docs/postgresql.md)",
    );
  const needsFiles = roles.workers || roles.gateways;
  if (needsFiles && objects === undefined)
    throw new RoostError(
      "conflict",
      "versions of files and parts of messages are on the home's own disk, which a worker or gateway elsewhere cannot read: set OBJECTS_URL to a bucket that both reach, and start the home once, which carries them there (docs/running.md)",
    );
  await requireLogins(sql);
  for (const service of roles.services) await requireInstalled(sql, service);
  const servers = parseDatabaseUrl(databaseUrl).hosts.map(({ name }) => name);
  return {
    homeId,
    servers,
    ...(needsFiles ? { objects } : {}),
    secrets: roles.workers ? secretsOfWorkers(settings) : roles.gateways ? secretsOfGateways(settings) : [],
    tls: await readTls(databaseUrl),
  };
}

/** What a certificate is verified with is no secret and goes along; what the home proves itself with does not. */
async function readTls(databaseUrl: string): Promise<HostNeeds["tls"]> {
  const { isEncrypted, isVerified, files } = readUrlProtection(databaseUrl);
  if (!isEncrypted) return null;
  const { sslrootcert, sslcert, sslkey } = files;
  return {
    isVerified,
    authority: sslrootcert === undefined ? null : await readAuthority(sslrootcert),
    clientFiles: sslcert === undefined || sslkey === undefined ? null : { sslcert, sslkey },
  };
}

async function readAuthority(path: string): Promise<string> {
  return await readFile(path, "utf8").catch((cause: Error) => {
    throw new RoostError(
      "conflict",
      `hosts verify the database's servers as the home does, and its sslrootcert, ${path}, cannot be read (${cause.message}): put it back, or name another in the home's DATABASE_URL`,
      { cause },
    );
  });
}

/** In the transaction that makes the host's token: one for workers and schedulers, one for a relay, one for gateways, one for each service. */
export async function makeLogins(
  sql: Transaction,
  { name, scopes, homeId }: { name: string; scopes: readonly string[]; homeId: string },
): Promise<HostLogin[]> {
  const roles = rolesOf(scopes);
  if (roles === undefined) return [];
  const logins: HostLogin[] = [];
  if (roles.workers || roles.schedulers)
    logins.push(await createHostLogin(sql, { name, homeId, kind: roles.workers ? "workers" : "schedulers" }));
  if (roles.relay) logins.push(await createHostLogin(sql, { name, homeId, kind: "relay" }));
  if (roles.gateways) logins.push(await createHostLogin(sql, { name, homeId, kind: "gateways" }));
  for (const service of roles.services) logins.push(await createServiceLogin(sql, { service, host: name, homeId }));
  return logins;
}

/** The home's URL with the login of a host, which puts paths of its own machine in. */
export function urlsOfLogins({ databaseUrl }: HostPlace, logins: readonly HostLogin[]): HostLogins {
  return logins.map(({ of, roleName, password }) => ({
    of,
    url: changeDatabaseUrl(databaseUrl!, { user: { name: roleName, password }, files: {} }),
  }));
}
