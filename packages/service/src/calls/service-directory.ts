/** The services, their instances and contracts, for callers. Looked up on demand and cached briefly. */
import { keepBriefly, RoostError, type Clock } from "@roost/base";
import type { OpenApiDocument } from "@roost/contract";
import type { Sql } from "@roost/database";

export interface CalledInstance {
  id: string;
  url: string;
}

/** As far as a caller needs to know it. */
export interface CalledService {
  title: string;
  /** Why it cannot run; null: it can. */
  reason: string | null;
  instances: readonly CalledInstance[];
  /** What a call is refused with, before anything is sent; undefined: it is not. */
  refusal?: RoostError | undefined;
}

export interface ServiceInstance extends CalledInstance {
  host: string;
  pid: number;
  /** ISO 8601. */
  startedAt: string;
}

export interface ListedService {
  name: string;
  title: string;
  /** Null: its contract was never loaded. */
  contractHash: string | null;
  instances: ServiceInstance[];
  /** Why it cannot run; null: it can. */
  reason: string | null;
  /** What a database administrator must run first. */
  statements: string[];
  /** What the agents of its domain are told of it. */
  guide: string;
  /** Named in the home's settings. */
  isEnabled: boolean;
}

export interface ServiceDirectory {
  list(): Promise<readonly ListedService[]>;
  /** @throws RoostError `not_found` */
  find(name: string): Promise<ListedService>;
  /** The last installed contract, as an OpenAPI document. @throws RoostError `not_found` */
  contractOf(name: string): Promise<OpenApiDocument>;
}

const documentsMax = 200;

export function createServiceDirectory(sql: Sql, { clock }: { clock: Clock }): ServiceDirectory {
  const documents = new Map<string, OpenApiDocument>();
  const readAll = () =>
    sql.query<ListedService>(
      `select s.name, s.title, s.guide, s.contract_hash as "contractHash", s.reason, s.statements, s.is_enabled as "isEnabled",
         coalesce((select jsonb_agg(jsonb_build_object('id', i.id, 'url', i.url, 'host', p.host, 'pid', p.pid, 'startedAt', i.started_at) order by i.started_at)
           from service.instance i join service.process p on p.id = i.process where i.service = s.name and p.expires_at > roost.now()), '[]') as instances
       from service.service s order by s.name`,
      [],
      { name: "roost_services" },
    );
  const { read: list } = keepBriefly(readAll, { clock });
  const find = async (name: string) => {
    const found = (await list()).find((service) => service.name === name);
    if (found === undefined) throw new RoostError("not_found", `There is no service "${name.slice(0, 64)}"`);
    return found;
  };
  return {
    list,
    find,
    async contractOf(name) {
      const { contractHash } = await find(name);
      const kept = documents.get(contractHash ?? "");
      if (kept !== undefined) return kept;
      const [row] = await sql.query<{ document: OpenApiDocument }>(
        "select document from service.contract where hash = $1",
        [contractHash],
      );
      if (row === undefined || contractHash === null)
        throw new RoostError("not_found", `The contract of service "${name}" is not stored`);
      if (documents.size >= documentsMax) documents.clear();
      documents.set(contractHash, row.document);
      return row.document;
    },
  };
}
