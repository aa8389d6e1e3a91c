/** Names of a service's role and schema. */
import { rolePrefix } from "@roost/database";

export interface ServiceNames {
  roleName: string;
  schemaName: string;
}

export function namesOf(service: string, homeId: string): ServiceNames {
  const plain = service.replaceAll("-", "_");
  return { roleName: `${rolePrefix(homeId)}${plain}`, schemaName: `svc_${plain}` };
}
