/** Names of a service's role, login and schema. */
import { rolePrefix } from "@roost/database";

export interface ServiceNames {
  /** Owns the schema. Nobody logs in as it: who is a role may change its password, and hosts' logins become this one. */
  roleName: string;
  /** With which the home's own process logs in. */
  loginName: string;
  schemaName: string;
}

export function namesOf(service: string, homeId: string): ServiceNames {
  const plain = service.replaceAll("-", "_");
  const roleName = `${rolePrefix(homeId)}${plain}`;
  // No service's name has a dot.
  return { roleName, loginName: `${roleName}.home`, schemaName: `svc_${plain}` };
}
