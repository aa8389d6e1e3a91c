/**
 * Copies what a rehearsal needs from the home's database: ordinary tables of kernel and memory whole, and the relevant part of those that grow
 * without bound. Tables are found in the catalogue, so that a new one needs no change here.
 */
import type { Sql } from "@roost/database";
import { quoteName } from "./drop-leftover-databases.ts";

/** Rows of a table that is not listed below; such tables are small. */
const rowsMax = 20_000;
const rowsPerInsertMax = 500;
/** Per conversation; a context holds less. */
const messagesMax = 400;

/** Per job; a context shows three. */
const endedRunsMax = 5;

const liveRun = "select id from roost.run where ended_at is null";

/** table → the relevant rows; undefined: none. */
const parts: Readonly<Record<string, string | undefined>> = {
  "roost.migration": undefined,
  "roost.approvals_migration": undefined,
  "roost.jobs_migration": undefined,
  "roost.subjects_migration": undefined,
  "memory.migration": undefined,
  // The log is copied separately (copy-events.ts); ticks are written by the rehearsal.
  "roost.topic": undefined,
  "roost.partition_head": undefined,
  "roost.tick": undefined,
  "memory.file_intent": undefined,
  "memory.large_version": undefined,
  // The scratch home is compared with its own disk.
  "memory.compared_disk": undefined,
  "roost.run": "ended_at is null",
  "roost.step": `run_id in (${liveRun})`,
  "roost.text": `hash in (select unnest(texts) from roost.step where run_id in (${liveRun}))`,
  "roost.wait": `run_id in (${liveRun})`,
  "roost.question": `run_id in (${liveRun})`,
  "roost.reservation": `run_id in (${liveRun})`,
  "roost.answer": "false",
  "roost.idempotency_key": "false",
  "roost.once": "state = 'begun'",
  "roost.subject": "released_at is null",
  "roost.spend": "touched_at > now() - interval '62 days'",
  "memory.message": `seq > (select next_seq from memory.session where session.key = session_key) - ${messagesMax}`,
};

/** Reads everything through `home`, one transaction, so that the copy is consistent. */
export async function copyTables(home: Sql, scratch: Sql): Promise<void> {
  for (const table of await tablesInOrder(scratch)) {
    const part = Object.hasOwn(parts, table) ? parts[table] : "true";
    if (part === undefined || !(await exists(home, table))) continue;
    await copyRows(home, scratch, { table, from: `${quoted(table)} as t`, where: part, limit: rowsMax });
  }
  await copyEndedRuns(home, scratch);
}

/** The last ended runs of each job with their reports, which a context shows to the next run. */
async function copyEndedRuns(home: Sql, scratch: Sql): Promise<void> {
  const from = `roost.run_all as t`;
  const where = `t.id in (
    select id from (
      select id, row_number() over (partition by job_id order by id desc) as place from roost.run_all
      where job_id in (select id from roost.job where state <> 'removed') and ended_at is not null) as ended
    where ended.place <= ${endedRunsMax})`;
  await copyRows(home, scratch, { table: "roost.run", from, where, limit: rowsMax });
}

interface Copy {
  table: string;
  /** Its rows are called t. */
  from: string;
  where: string;
  limit: number;
}

/** As JSON, by column names. */
export async function copyRows(home: Sql, scratch: Sql, { table, from, where, limit }: Copy): Promise<number> {
  const rows = await home.query<{ row: string }>(
    `select to_jsonb(t)::text as row from ${from} where ${where} limit $1`,
    [limit],
  );
  const list = await selectList(scratch, table);
  for (let at = 0; at < rows.length; at += rowsPerInsertMax) {
    const part = rows.slice(at, at + rowsPerInsertMax).map(({ row }) => row);
    await scratch.query(
      `insert into ${quoted(table)} overriding system value
       select ${list} from jsonb_populate_recordset(null::${quoted(table)}, $1::jsonb) on conflict do nothing`,
      [`[${part.join(",")}]`],
    );
  }
  return rows.length;
}

/** A JSON null in a row reads as no value: where a column must hold JSON, it was a null. */
async function selectList(scratch: Sql, table: string): Promise<string> {
  const columns = await scratch.query<{ name: string; mustHoldJson: boolean }>(
    `select attname as name, attnotnull and atttypid = 'jsonb'::regtype as "mustHoldJson" from pg_attribute
     where attrelid = $1::regclass and attnum > 0 and not attisdropped order by attnum`,
    [table],
  );
  return columns
    .map(({ name, mustHoldJson }) => (mustHoldJson ? `coalesce(${quoteName(name)}, 'null')` : quoteName(name)))
    .join(", ");
}

/** Ordinary tables of kernel and memory, each after those it refers to. */
async function tablesInOrder(scratch: Sql): Promise<string[]> {
  const tables = await scratch.query<{ name: string; needs: string[] }>(
    `select n.nspname || '.' || c.relname as name,
       array(select fn.nspname || '.' || f.relname from pg_constraint k join pg_class f on f.oid = k.confrelid join pg_namespace fn on fn.oid = f.relnamespace
             where k.conrelid = c.oid and k.contype = 'f' and k.confrelid <> c.oid) as needs
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname in ('roost', 'memory') and c.relkind = 'r' and not c.relispartition and c.relname <> 'simulated_clock' order by 1`,
  );
  const ordered: string[] = [];
  const place = (name: string, above: readonly string[]) => {
    if (ordered.includes(name) || above.includes(name)) return;
    const table = tables.find((each) => each.name === name);
    if (table === undefined) return;
    for (const needed of table.needs) place(needed, [...above, name]);
    ordered.push(name);
  };
  for (const { name } of tables) place(name, []);
  return ordered;
}

async function exists(home: Sql, table: string): Promise<boolean> {
  const [row] = await home.query<{ found: boolean }>("select to_regclass($1) is not null as found", [table]);
  return row?.found === true;
}

function quoted(table: string): string {
  return table.split(".").map(quoteName).join(".");
}
