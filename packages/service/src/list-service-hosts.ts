import type { Sql } from "@roost/database";

export interface ServiceHosting {
  host: string;
  /** By name. */
  services: string[];
}

/** The machines on which processes host services at present. */
export async function listServiceHosts(sql: Sql): Promise<ServiceHosting[]> {
  return sql.query<ServiceHosting>(
    `select p.host, array_agg(distinct i.service order by i.service) as services
     from service.process p join service.instance i on i.process = p.id where p.expires_at > roost.now() group by p.host order by p.host`,
    [],
    { name: "service_hosts" },
  );
}
