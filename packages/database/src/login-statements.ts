/** The statements that make a login without rights of its own, and what an administrator does where a role gets more than it should by default. */
import { escapeIdentifier, escapeLiteral } from "pg";
import type { Sql } from "./database.ts";

export interface LoginStatements {
  roleName: string;
  /** Undefined: shown to a person. */
  password: string | undefined;
  connectionsMax: number;
  /** Whether it has what the roles have that it is a member of. */
  isInheriting: boolean;
}

const homeCharsMax = 12;

/** What the names of a home's roles begin with: roles belong to the whole server. */
export function rolePrefix(homeId: string): string {
  return `roost_${homeId.replaceAll("-", "").slice(-homeCharsMax)}_`;
}

/** Needs CREATEROLE. The role that makes it becomes a member, so that it can end its connections. */
export function loginStatements({ roleName, password, connectionsMax, isInheriting }: LoginStatements): string[] {
  const role = escapeIdentifier(roleName);
  const secret = password === undefined ? "'…'" : escapeLiteral(password);
  return [
    `create role ${role} login nosuperuser nocreatedb nocreaterole ${isInheriting ? "inherit" : "noinherit"} noreplication nobypassrls connection limit ${connectionsMax} password ${secret}`,
    `grant ${role} to current_user`,
  ];
}

/** By default every role may create temporary tables. */
export const noTemporaryTables =
  "do $grant$ begin execute format('revoke temporary on database %I from public', current_database()); end $grant$";

/** For an administrator of a server where every role may make large objects, which belong to no schema. */
export const noLargeObjects =
  "revoke execute on function pg_catalog.lo_creat(integer), pg_catalog.lo_create(oid), pg_catalog.lo_from_bytea(oid, bytea) from public";

/** Whether an administrator should run `noLargeObjects` for this role. */
export async function mayMakeLargeObjects(sql: Sql, roleName: string): Promise<boolean> {
  const [row] = await sql.query<{ mayMake: boolean }>(
    `select has_function_privilege($1::name, 'pg_catalog.lo_create(oid)', 'execute') as "mayMake"`,
    [roleName],
  );
  return row?.mayMake === true;
}
