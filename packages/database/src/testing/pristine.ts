/**
 * Makes the content of a test's database again what it was when it was cloned: rows and sequences. What was changed otherwise (tables, functions,
 * grants, statistics) or is still there (connections, locks) is noticed, and the database is not used again.
 */
import { escapeIdentifier, escapeLiteral } from "pg";
import { delay } from "@roost/base";
import type { Database, Transaction } from "../database.ts";

const schema = "roost_test";
/** Connections that were just closed take the server a moment to forget. */
const looksMax = 20;
const lookEveryMs = 5;

/** For a template, as a superuser: keeps its content aside, and has changes of definitions noted. */
export async function keepPristine(database: Database): Promise<void> {
  await database.transact(async (tx) => {
    const tables = await listTables(tx);
    const sequences = await tx.query<{ name: string }>(
      `select format('%I.%I', schemaname, sequencename) as name from pg_sequences where schemaname <> $1`,
      [schema],
    );
    // By whom the rows of a table were put back: as long as all are still of that transaction, and as many, nothing was changed.
    await tx.query(
      `create schema ${schema}; create table ${schema}.changed (what text); create table ${schema}.restored (number int, by xid)`,
    );
    const statements = [];
    for (const [index, { name, columns }] of tables.entries()) {
      const [row] = await tx.query<{ count: number }>(`select count(*)::int as count from ${name}`);
      if (row!.count === 0) {
        // A table without a page has no rows, and is asked without its indexes.
        statements.push(`if pg_relation_size(${escapeLiteral(name)}::regclass) > 0 then delete from ${name}; end if;`);
        continue;
      }
      await tx.query(`create table ${schema}.kept_${index} as select ${columns} from ${name}`);
      await tx.query(`insert into ${schema}.restored values (${index}, '0')`);
      statements.push(`
        if (select count(*) from ${name}) <> ${row!.count}
          or exists (select from ${name} where xmin <> (select by from ${schema}.restored where number = ${index})) then
          delete from ${name};
          insert into ${name} (${columns}) overriding system value select ${columns} from ${schema}.kept_${index};
          update ${schema}.restored set by = pg_current_xact_id()::xid where number = ${index};
        end if;`);
    }
    for (const { name } of sequences) {
      const [at] = await tx.query<{ last: number; called: boolean }>(
        `select last_value as last, is_called as called from ${name}`,
      );
      statements.push(`perform setval(${escapeLiteral(name)}, ${at!.last}, ${at!.called});`);
    }
    await tx.query(`
      create function ${schema}.restore() returns void language plpgsql security definer set session_replication_role = replica as
        $restore$ begin ${statements.join("\n")} end $restore$;
      create function ${schema}.look(own text, out is_changed boolean, out is_used boolean) language sql security definer as $$
        select exists (select from ${schema}.changed) or exists (select from pg_statistic where starelid >= 16384),
          exists (select from pg_stat_get_activity(null) a
                  where a.datid = here.oid and a.application_name not in (own, own || ' listen') and a.pid <> pg_backend_pid())
            or exists (select from pg_locks where locktype = 'advisory' and database = here.oid)
            or exists (select from pg_prepared_xacts where database = here.datname)
        from pg_database here where datname = current_database() $$;
      create function ${schema}.note_change() returns event_trigger language plpgsql security definer as
        $$ begin
          -- A "create … if not exists" of what is there made nothing.
          if tg_tag not like 'CREATE %' or exists (select from pg_event_trigger_ddl_commands()) then
            insert into ${schema}.changed values (tg_tag);
          end if;
        end $$;
      grant usage on schema ${schema} to public;
      create event trigger roost_test on ddl_command_end execute function ${schema}.note_change();`);
  });
}

/** Partitions, not what is partitioned. */
async function listTables(tx: Transaction): Promise<{ name: string; columns: string }[]> {
  const rows = await tx.query<{ name: string; columns: string[] }>(
    `select format('%I.%I', n.nspname, c.relname) as name,
       array(select a.attname::text from pg_attribute a
             where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' order by a.attnum) as columns
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and n.nspname <> 'information_schema' and n.nspname not like 'pg\\_%'
     order by 1`,
  );
  return rows.map(({ name, columns }) => ({ name, columns: columns.map(escapeIdentifier).join(", ") }));
}

/** Whether the database is again as it was cloned. `applicationName`: of connections that stay. */
export async function restorePristine(database: Database, applicationName: string): Promise<boolean> {
  for (let looks = 1; ; looks += 1) {
    const [state] = await database.query<{ isChanged: boolean; isUsed: boolean }>(
      `select is_changed as "isChanged", is_used as "isUsed" from ${schema}.look($1)`,
      [applicationName],
      { name: "test_look" },
    );
    if (state!.isChanged) return false;
    if (!state!.isUsed) break;
    if (looks === looksMax) return false;
    await delay(lookEveryMs);
  }
  await database.query(`select ${schema}.restore()`, [], { name: "test_restore" });
  return true;
}
