/**
 * A login with which a joined host runs one service: it becomes the service's role as soon as it has logged in, so that what it makes is the service's,
 * and may do nothing by itself. It is put out as all logins of its host are.
 */
import { randomBytes } from "node:crypto";
import { RoostError } from "@roost/base";
import { rolePrefix, type Sql } from "@roost/database";
import { serviceLoginStatements } from "./role-statements.ts";

/** A role's name has 63 characters at most. */
const nameCharsMax = 14;

interface ServiceLoginOptions {
  /** Name of the service. */
  service: string;
  /** Name of the host. */
  host: string;
  homeId: string;
}

/** @throws RoostError `not_found` for a service that the home does not run, `forbidden` where the home's user may not make logins for it */
export async function createServiceLogin(
  sql: Sql,
  { service, host, homeId }: ServiceLoginOptions,
): Promise<{ of: string; roleName: string; password: string }> {
  const known = await requireInstalled(sql, service);
  const short = `${service.slice(0, nameCharsMax)}_${host.slice(0, nameCharsMax)}`.replaceAll("-", "_");
  const roleName = `${rolePrefix(homeId)}at_${short}_${randomBytes(3).toString("hex")}`;
  const password = randomBytes(24).toString("base64url");
  // Rows of logins that are gone.
  await sql.query(
    "delete from service.login l where not exists (select from pg_roles r where r.rolname = l.role_name)",
  );
  for (const statement of serviceLoginStatements({ loginName: roleName, roleName: known.roleName, password }))
    await sql.query(statement);
  await sql.query("insert into service.login (role_name, service) values ($1, $2)", [roleName, service]);
  return { of: service, roleName, password };
}

/** Before a host is invited. @throws RoostError `not_found` for a service that the home does not run */
export async function requireInstalled(sql: Sql, service: string): Promise<{ roleName: string; schemaName: string }> {
  const [known] = await sql.query<{ roleName: string; schemaName: string }>(
    `select s.role_name::text as "roleName", s.schema_name as "schemaName" from service.service s join pg_roles r on r.rolname = s.role_name
     where s.name = $1 and s.is_enabled and s.contract_hash is not null`,
    [service],
  );
  if (known !== undefined) return known;
  throw new RoostError(
    "not_found",
    `the home runs no service ${service}: name it under services in roost.yaml, and look at roost service status ${service}`,
  );
}
