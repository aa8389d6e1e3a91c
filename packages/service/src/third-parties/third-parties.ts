/** Services of other makers: what was chosen of their documents, and where their secrets stand. Domain services are elsewhere. */
import { createHash } from "node:crypto";
import { canonicalJson, keepBriefly, RoostError, type Clock, type JsonObject } from "@roost/base";
import type { OpenApiDocument } from "@roost/contract";
import type { Sql } from "@roost/database";

export interface ThirdPartySecret {
  /** A security scheme of the document, or a place of its own. */
  scheme: string;
  reference: string;
}

export interface NewThirdParty {
  name: string;
  title: string;
  server: string;
  source: string;
  sourceHash: string;
  document: OpenApiDocument;
  operationCount: number;
  secrets: readonly ThirdPartySecret[];
}

export interface StoredThirdParty extends Omit<NewThirdParty, "document"> {
  /** Of what was chosen, with all that calls depend on. */
  hash: string;
  addedAt: Date;
}

export interface ThirdParties {
  /** By name; what a process knows is a second old at most. */
  list(): Promise<readonly StoredThirdParty[]>;
  /** @throws RoostError `not_found` */
  find(name: string): Promise<StoredThirdParty>;
  /** @throws RoostError `not_found` */
  documentOf(name: string): Promise<OpenApiDocument>;
  /** @throws RoostError `conflict` when a domain service has the name */
  put(given: NewThirdParty): Promise<{ thirdParty: StoredThirdParty; change: "created" | "changed" | "unchanged" }>;
  /** @throws RoostError `not_found` */
  remove(name: string): Promise<StoredThirdParty>;
}

const columns = `name, title, server, source, source_hash as "sourceHash", hash, operation_count as "operationCount", secrets, added_at as "addedAt"`;

export function createThirdParties(sql: Sql, { clock }: { clock: Clock }): ThirdParties {
  const readAll = () =>
    sql.query<StoredThirdParty>(`select ${columns} from service.third_party order by name`, [], {
      name: "roost_third_parties",
    });
  const { read: list, forget } = keepBriefly(readAll, { clock });
  return {
    list,
    async find(name) {
      return (await list()).find((one) => one.name === name) ?? refuse(name);
    },
    async documentOf(name) {
      const [row] = await sql.query<{ document: OpenApiDocument }>(
        "select document from service.third_party where name = $1",
        [name],
      );
      return row?.document ?? refuse(name);
    },
    async put(given) {
      const written = await write(sql, given);
      forget();
      return written;
    },
    async remove(name) {
      const [row] = await sql.query<StoredThirdParty>(
        `delete from service.third_party where name = $1 returning ${columns}`,
        [name],
      );
      forget();
      return row ?? refuse(name);
    },
  };
}

function refuse(name: string): never {
  throw new RoostError("not_found", `There is no third-party service "${name.slice(0, 64)}"`);
}

async function write(sql: Sql, given: NewThirdParty): Promise<Awaited<ReturnType<ThirdParties["put"]>>> {
  const { name, title, server, source, sourceHash, document, operationCount, secrets } = given;
  const hash = hashOf({ document, server, secrets: secrets.map((each) => ({ ...each })) });
  const [row] = await sql.query<StoredThirdParty & { before: string | null }>(
    `with before as (select hash from service.third_party where name = $1)
     insert into service.third_party as t (name, title, server, source, source_hash, document, hash, operation_count, secrets)
       select $1, $2, $3, $4, $5, $6::jsonb, $7, $8, $9::jsonb where not exists (select from service.service s where s.name = $1)
     on conflict (name) do update set title = excluded.title, server = excluded.server, source = excluded.source, source_hash = excluded.source_hash,
       document = excluded.document, hash = excluded.hash, operation_count = excluded.operation_count, secrets = excluded.secrets, added_at = roost.now()
     returning ${columns}, (select hash from before) as before`,
    [name, title, server, source, sourceHash, JSON.stringify(document), hash, operationCount, JSON.stringify(secrets)],
  );
  if (row === undefined)
    throw new RoostError("conflict", `There is a domain service "${name}": add this one under another name`);
  const { before, ...thirdParty } = row;
  return { thirdParty, change: before === null ? "created" : before === hash ? "unchanged" : "changed" };
}

function hashOf(value: JsonObject): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex");
}
