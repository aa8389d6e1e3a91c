/**
 * Logins of hosts that run workers, schedulers, a relay or gateways. Invariants: one login of a kind for one host; it reads and writes rows and calls functions,
 * as what these do takes, and nothing else: it owns nothing, creates nothing, changes no event, and reads no token unless it is a gateway's. A host that is put
 * out cannot log in, and whatever it still has open may do nothing from the same commit on.
 */
import { randomBytes } from "node:crypto";
import { RoostError } from "@roost/base";
import {
  escapeIdentifier,
  loginStatements,
  mayMakeLargeObjects,
  noLargeObjects,
  rolePrefix,
  type Database,
  type Sql,
  type Transaction,
} from "@roost/database";
import type { Kernel } from "@roost/kernel";
import { grantToHosts, hasRole, hostRights, type LoginKind } from "./host-rights.ts";

export interface HostLogin {
  /** What it is for: `workers`, `schedulers`, `relay`, `gateways`, or the name of a service. */
  of: string;
  roleName: string;
  password: string;
}

/** Processes of one host: each has ten connections at most. */
const connectionsMax = 200;
const nameCharsMax = 30;

/** What an administrator of the database should run before hosts get logins, or since they have more than they should. Empty: nothing. */
export async function listLoginStatements(sql: Sql): Promise<string[]> {
  const statements = await listMissing(sql);
  const [role] = await loginsInForce(sql);
  const mayMake = role !== undefined && (await mayMakeLargeObjects(sql, role));
  return mayMake ? [...statements, noLargeObjects] : statements;
}

/** Without these no login is made. */
async function listMissing(sql: Sql): Promise<string[]> {
  const [own] = await sql.query<{ may: boolean; name: string }>(
    `select rolcreaterole or rolsuper as may, rolname::text as name from pg_roles where rolname = current_user`,
  );
  return own === undefined || own.may ? [] : [`alter role ${escapeIdentifier(own.name)} createrole`];
}

/** @throws RoostError `forbidden`, with what an administrator runs, where the home's user may make no logins */
export async function requireLogins(sql: Sql): Promise<void> {
  const statements = await listMissing(sql);
  if (statements.length === 0) return;
  throw new RoostError(
    "forbidden",
    `the home's database user may not create roles, and a host that runs processes gets a login of its own: an administrator of the database runs ${statements.join("; ")};`,
    { details: { statements } },
  );
}

/** In the transaction that makes the host's token. @throws RoostError `forbidden`, with what an administrator can do */
export async function createHostLogin(
  sql: Transaction,
  { name, homeId, kind }: { name: string; homeId: string; kind: LoginKind },
): Promise<HostLogin> {
  await requireLogins(sql);
  const group = await grantToHosts(sql, homeId, hostRights[kind]);
  const [own] = await sql.query<{ isSuper: boolean }>(
    `select rolsuper as "isSuper" from pg_roles where rolname = current_user`,
  );
  // Where the home's user is none, an administrator does it: docs/postgresql.md.
  if (own?.isSuper === true) await sql.query(noLargeObjects);
  const roleName = `${rolePrefix(homeId)}host_${name.slice(0, nameCharsMax)}_${randomBytes(3).toString("hex")}`;
  const password = randomBytes(24).toString("base64url");
  for (const statement of loginStatements({ roleName, password, connectionsMax, isInheriting: true }))
    await sql.query(statement);
  await sql.query(`grant ${escapeIdentifier(group)} to ${escapeIdentifier(roleName)}`);
  return { of: kind, roleName, password };
}

/** Of hosts in force. A database without hosts has none. */
async function loginsInForce(sql: Sql): Promise<string[]> {
  if (!(await hasHosts(sql))) return [];
  const rows = await sql.query<{ roleName: string }>(
    `select r.rolname::text as "roleName" from access.host h join access.token t on t.id = h.token join pg_roles r on r.rolname = any (h.role_names)
     where t.revoked_at is null`,
  );
  return rows.map(({ roleName }) => roleName);
}

async function hasHosts(sql: Pick<Sql, "query">): Promise<boolean> {
  const [known] = await sql.query<{ isThere: boolean }>(`select to_regclass('access.host') is not null as "isThere"`);
  return known?.isThere === true;
}

/** While a home's database moves, no host opens it: what runs is left to the move, which refuses it. */
export async function shutHostLogins(sql: Sql): Promise<void> {
  for (const name of await loginsInForce(sql)) await sql.query(`alter role ${escapeIdentifier(name)} nologin`);
}

/** Those that a move has shut, where the home stays. */
export async function openHostLogins(sql: Sql): Promise<void> {
  const shut = await sql.query<{ name: string }>(
    "select rolname::text as name from pg_roles where rolname = any($1) and not rolcanlogin",
    [await loginsInForce(sql)],
  );
  for (const { name } of shut) await sql.query(`alter role ${escapeIdentifier(name)} login`);
}

/** In the database that a home has left: all that its hosts had. */
export async function dropLeftLogins(sql: Sql): Promise<void> {
  await dropHostLogins(sql, await loginsInForce(sql));
}

/** In the database that a home has moved to: those of the one before are none of it, also where both are on one server. */
export async function forgetHostLogins(sql: Pick<Sql, "query">): Promise<void> {
  if (await hasHosts(sql)) await sql.query("update access.host set role_names = '{}' where role_names <> '{}'");
}

/**
 * A program of a later version may have brought tables, and a program that was killed may have left the login of a host that was put out. To be
 * called once the schemas are those of this program.
 */
export async function renewHostLogins(database: Database, { homeId }: { homeId: string }): Promise<void> {
  const left = await database.query<{ roleName: string }>(
    `select r.rolname::text as "roleName" from access.host h join access.token t on t.id = h.token join pg_roles r on r.rolname = any (h.role_names)
     where t.revoked_at is not null`,
  );
  await shutOut(
    database,
    left.map(({ roleName }) => roleName),
  );
  for (const rights of Object.values(hostRights))
    if (await hasRole(database, `${rolePrefix(homeId)}${rights.group}`))
      await database.transact((tx) => grantToHosts(tx, homeId, rights));
  // A move that was killed had shut them.
  await openHostLogins(database);
}

/** Whether a token, by its id or name, is of a host that has logins: who puts it out drops roles. */
export async function hasLogins({ database }: Pick<Kernel, "database">, token: string): Promise<boolean> {
  const rows = await database.query(
    `select from access.host h join access.token t on t.id = h.token join pg_roles r on r.rolname = any (h.role_names)
     where t.id::text = $1 or t.name = $1 limit 1`,
    [token],
  );
  return rows.length > 0;
}

async function lockHostLogin(sql: Sql, roleName: string): Promise<void> {
  const role = escapeIdentifier(roleName);
  await sql.query(`alter role ${role} nologin`);
  const groups = await sql.query<{ name: string }>(
    `select g.rolname::text as name from pg_auth_members m join pg_roles g on g.oid = m.roleid join pg_roles r on r.oid = m.member where r.rolname = $1`,
    [roleName],
  );
  for (const { name } of groups) await sql.query(`revoke ${escapeIdentifier(name)} from ${role}`);
}

/**
 * In a transaction that has locked the tokens of hosts; a statement of its own sees what another one gave that it waited for. From the commit on the logins
 * open nothing, and what workers and schedulers have open may do nothing. A service's session has become the service's role, which this does not reach: it
 * ends with dropHostLogins, or, where that was cut off, when a gateway starts. Returns them, to be dropped afterwards.
 */
export async function lockLoginsOf(sql: Sql, tokens: readonly string[]): Promise<string[]> {
  const hosts = await sql.query<{ roleNames: string[] }>(
    `select role_names as "roleNames" from access.host where token = any($1)`,
    [tokens],
  );
  const roleNames = hosts.flatMap((host) => host.roleNames);
  for (const roleName of roleNames) if (await hasRole(sql, roleName)) await lockHostLogin(sql, roleName);
  return roleNames;
}

/** Afterwards: ends what they have open, so that their runs go on elsewhere at once, and removes them. Repeating it changes nothing. */
export async function dropHostLogins(sql: Sql, roleNames: readonly string[]): Promise<void> {
  for (const roleName of roleNames) if (await hasRole(sql, roleName)) await dropHostLogin(sql, roleName);
}

/** Of a host that is put out: its logins, and all open codes, since a gateway's login writes codes, and one that it left would bring the host in again. */
export async function shutOut(sql: Sql, roleNames: readonly string[]): Promise<void> {
  if (roleNames.length === 0) return;
  await dropHostLogins(sql, roleNames);
  await sql.query("update access.pairing set void_at = roost.now() where used_at is null and void_at is null");
}

async function dropHostLogin(sql: Sql, roleName: string): Promise<void> {
  await sql.query("select pg_terminate_backend(pid) from pg_stat_activity where usename = $1", [roleName]);
  // Large objects, where an administrator lets every role make some.
  if (await hasRole(sql, roleName)) await sql.query(`drop owned by ${escapeIdentifier(roleName)}`);
  await sql.query(`drop role if exists ${escapeIdentifier(roleName)}`);
}
