/** What the login of a host may do in the database, by what it is for: its rows, a few functions, and nothing else. */
import {
  escapeIdentifier,
  escapeLiteral,
  noTemporaryTables,
  rolePrefix,
  type Sql,
  type Transaction,
} from "@roost/database";

export type LoginKind = "workers" | "schedulers" | "relay" | "gateways";
interface Rights {
  /** The role that all logins of the kind are members of. */
  group: string;
  /** Schemas whose rows they read and write. */
  written: readonly string[];
  /** And read. */
  read: readonly string[];
  /** Tables of those that they read whose rows they write all the same. */
  writtenTables?: readonly string[];
  /** Tables of those that they read of which they write these columns. */
  writtenColumns?: Readonly<Record<string, { inserted?: string; updated: string }>>;
  /** Tables that they read besides. */
  tables?: readonly string[];
  /** That are granted to nobody else: with which a process makes its keys known, and finds those of others. */
  functions?: readonly string[];
  /** Whether it drains hosts. */
  drains?: boolean;
}
export const hostRights: Readonly<Record<LoginKind, Rights>> = {
  // Where the addresses of services are is read; a worker publishes its own key.
  workers: {
    group: "hosts",
    written: ["roost", "memory", "models"],
    read: ["service"],
    functions: ["service.add_worker_signer_1(uuid, text, bytea)"],
  },
  schedulers: { group: "schedulers", written: ["roost"], read: [] },
  // It reads the log, and does what it has to by functions of schema kafka. By what readers of Kafka saw, the home finds topics that were made anew.
  relay: {
    group: "relay",
    written: [],
    read: ["kafka"],
    writtenTables: ["kafka.lease", "kafka.shipped"],
    tables: [
      "roost.cursor",
      "roost.event",
      "roost.event_schema",
      "roost.function_set",
      "roost.function_version",
      "roost.home",
      "roost.label_set",
      "roost.migration",
      "roost.partition_head",
      "roost.segment",
      "roost.topic",
    ],
  },
  // What the operations of the API do, but for those that need the home. By the names of logins in access.host the home's own user makes and drops roles.
  gateways: {
    group: "gateways",
    written: ["roost", "memory", "models", "channels"],
    read: ["service", "access", "kafka"],
    writtenTables: ["access.token", "access.pairing", "access.push_subscription", "service.third_party"],
    writtenColumns: {
      "access.host": { inserted: "token, version, skew_ms, pairing", updated: "version, skew_ms, doing, seen_at" },
      // Whose key is where is decided at the home.
      "access.hook": { updated: "received_count, received_at" },
    },
    functions: [
      "service.add_gateway_signer_1(uuid, text, bytea)",
      "service.find_signer_1(uuid)",
      "access.publish_signing_key_1(bytea)",
    ],
    drains: true,
  },
};
const drainedHosts = "roost.drained_host";
/** Who owns the database, which program it is of, and by which names the home's own user makes and drops tables: its own host's business. */
const readOnly = [
  "roost.home",
  "roost.function_set",
  "roost.function_version",
  drainedHosts,
  "roost.topic",
  "roost.segment",
  "roost.stream_channel",
];

/**
 * What all logins of hosts have: called again when tables have come, since default privileges would stand in the way of roost database move. In one
 * transaction: it gives first and takes back then what these logins may never do.
 */
export async function grantToHosts(
  sql: Transaction,
  homeId: string,
  { group: kind, written, read, tables = [], functions = [], ...rest }: Rights,
): Promise<string> {
  const { writtenTables = [], writtenColumns = {}, drains = false } = rest;
  const name = `${rolePrefix(homeId)}${kind}`;
  const group = escapeIdentifier(name);
  if (!(await hasRole(sql, name))) await sql.query(`create role ${group} nologin nosuperuser nocreatedb nocreaterole`);
  await sql.query(noTemporaryTables);
  for (const schema of await thoseOf(sql, [...written, ...read])) {
    const rights = written.includes(schema) ? "select, insert, update, delete" : "select";
    await sql.query(`grant usage on schema ${schema} to ${group}`);
    await sql.query(`grant ${rights} on all tables in schema ${schema} to ${group}`);
    for (const table of writtenTables.filter((name) => name.startsWith(`${schema}.`)))
      await sql.query(`grant insert, update, delete on ${table} to ${group}`);
    for (const [table, { inserted, updated }] of Object.entries(writtenColumns))
      if (table.startsWith(`${schema}.`))
        await sql.query(
          `grant ${inserted === undefined ? "" : `insert (${inserted}), `}update (${updated}) on ${table} to ${group}`,
        );
    if (!written.includes(schema)) continue;
    await sql.query(`grant usage on all sequences in schema ${schema} to ${group}`);
  }
  if (tables.length > 0) {
    await sql.query(`grant usage on schema roost to ${group}`);
    await sql.query(`grant select on ${tables.join(", ")} to ${group}`);
  }
  for (const table of [...readOnly, ...(await migrationTables(sql, written))])
    await sql.query(`revoke insert, update, delete on ${table} from ${group}`);
  if (drains) await sql.query(`grant insert, delete on ${drainedHosts} to ${group}`);
  // The log is added to, and retention drops whole segments, which is the home's.
  if (written.includes("roost"))
    await sql.query(`revoke update, delete on ${(await segmentsOfLog(sql)).join(", ")} from ${group}`);
  for (const named of functions)
    await sql.query(
      `do $grant$ begin if to_regprocedure(${escapeLiteral(named)}) is not null then grant execute on function ${named} to ${group}; end if; end $grant$`,
    );
  return name;
}

/** With the table that they are parts of. */
async function segmentsOfLog(sql: Sql): Promise<string[]> {
  const rows = await sql.query<{ name: string }>(
    "select relid::regclass::text as name from pg_partition_tree('roost.event')",
  );
  return rows.map(({ name }) => name);
}

async function thoseOf(sql: Sql, schemas: readonly string[]): Promise<string[]> {
  const rows = await sql.query<{ name: string }>(
    "select nspname::text as name from pg_namespace where nspname = any($1)",
    [schemas],
  );
  return rows.map(({ name }) => name);
}

/** By which programs tell whether the schema is theirs. */
async function migrationTables(sql: Sql, schemas: readonly string[]): Promise<string[]> {
  const rows = await sql.query<{ name: string }>(
    "select c.oid::regclass::text as name from pg_class c where c.relkind = 'r' and c.relname ~ '(^|_)migration$' and c.relnamespace::regnamespace::text = any($1)",
    [schemas],
  );
  return rows.map(({ name }) => name);
}

export async function hasRole(sql: Sql, roleName: string): Promise<boolean> {
  const rows = await sql.query("select 1 from pg_roles where rolname = $1", [roleName]);
  return rows.length > 0;
}
