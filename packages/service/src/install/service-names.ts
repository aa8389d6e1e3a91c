/** Names of a service's role and schema. Roles belong to the whole server, so a role's name includes the home's id. */

export interface ServiceNames {
  roleName: string;
  schemaName: string;
}

const homeCharsMax = 12;

export function namesOf(service: string, homeId: string): ServiceNames {
  const plain = service.replaceAll("-", "_");
  const home = homeId.replaceAll("-", "").slice(-homeCharsMax);
  return { roleName: `roost_${home}_${plain}`, schemaName: `svc_${plain}` };
}
