/** What the target of a move is before rows come: empty, or marked with everything that rows need. Owns the mark and who makes what. */
import { createHash } from "node:crypto";
import { RoostError } from "@roost/base";
import { escapeIdentifier, type Client } from "pg";
import { isSameDigest, readCopied, type TableDigest } from "./copy-table.ts";
import { moveSchema, readHalfDoneMove, sqlOf } from "./half-done-move.ts";
import { roleMarks, type DatabaseObjects, type OwnedStatement } from "./read-objects.ts";

/** Roles and everything that rows need, in one transaction with the mark: a target is untouched or marked. */
export async function prepareTarget(
  target: Client,
  objects: DatabaseObjects,
  { owner, digests }: { owner: string; digests: ReadonlyMap<string, TableDigest> },
): Promise<void> {
  const schema = createHash("sha256")
    .update(JSON.stringify([objects.objects.map(({ statements }) => statements), objects.after, objects.tables]))
    .digest("hex");
  const half = await readHalfDoneMove(sqlOf(target));
  if (half !== undefined && half.owner !== owner)
    throw new RoostError("conflict", "The target holds the half-done move of another home: name an empty database");
  if (half === undefined) await refuseFilled(target);
  else {
    const { rows } = await target.query<{ schema: string }>(`select schema from ${moveSchema}.move`);
    if (rows[0]?.schema === schema && (half.stage === "rows" || (await isAllCarried(target, digests)))) return;
  }
  await inTransaction(target, async () => {
    // Tables have come or gone since, or rows changed that keys hold by now: it begins anew.
    if (half !== undefined) await dropEverything(target);
    await target.query(
      `create schema ${moveSchema}; create table ${moveSchema}.move (owner text not null, schema text not null, stage text not null);
       create table ${moveSchema}.copied (name text primary key, row_count bigint not null, hash text not null)`,
    );
    await target.query(`insert into ${moveSchema}.move values ($1, $2, 'rows')`, [owner, schema]);
    for (const extension of objects.extensions) await requireExtension(target, extension);
    await requireRoles(target, objects);
    for (const { owner: role, statements } of objects.objects)
      for (const sql of statements) await runAs(target, { owner: role, sql }, objects);
  });
}

async function isAllCarried(target: Client, digests: ReadonlyMap<string, TableDigest>): Promise<boolean> {
  const copied = await readCopied(target);
  return [...digests].every(([name, wanted]) => isSameDigest(copied.get(name), wanted));
}

async function refuseFilled(target: Client): Promise<void> {
  const { rows } = await target.query<{ what: string }>(
    `select format('schema %I', nspname) as what from pg_namespace n where nspname !~ '^pg_' and nspname not in ('public', 'information_schema')
       and not exists (select from pg_depend e where e.deptype = 'e' and e.classid = 'pg_namespace'::regclass and e.objid = n.oid)
     union all select format('%s', c.oid::regclass) from pg_class c where relnamespace = to_regnamespace('public')
       and not exists (select from pg_depend e where e.deptype = 'e' and e.classid = 'pg_class'::regclass and e.objid = c.oid) order by what limit 3`,
  );
  if (rows.length === 0) return;
  const what = rows.map((row) => row.what).join(", ");
  throw new RoostError("conflict", `The target is not empty, it holds ${what}: name a database that holds nothing`);
}

async function dropEverything(target: Client): Promise<void> {
  const { rows } = await target.query<{ sql: string }>(
    `select format('drop schema %I cascade', nspname) as sql from pg_namespace n where nspname !~ '^pg_' and nspname not in ('public', 'information_schema')
       and not exists (select from pg_depend e where e.deptype = 'e' and e.classid = 'pg_namespace'::regclass and e.objid = n.oid)`,
  );
  for (const { sql } of rows) await target.query(sql);
  await refuseFilled(target);
}

async function requireExtension(target: Client, sql: string): Promise<void> {
  await target.query("savepoint extension");
  try {
    await target.query(sql);
  } catch (cause) {
    const [, name = ""] = /exists (\S+)/.exec(sql) ?? [];
    const next = `have a superuser run "${sql}" in the target database, then start again`;
    throw new RoostError("forbidden", `This user may not make the extension ${name} there: ${next}`, { cause });
  }
}

async function requireRoles(target: Client, { roles }: DatabaseObjects): Promise<void> {
  const missing = [];
  for (const { name, statements } of roles) {
    const { rows } = await target.query<{ isThere: boolean; mayCreate: boolean }>(
      `select exists (select from pg_roles where rolname = $1) as "isThere", (select rolcreaterole or rolsuper from pg_roles where rolname = current_user) as "mayCreate"`,
      [name],
    );
    if (rows[0]?.isThere === true) continue;
    if (rows[0]?.mayCreate !== true) missing.push(...statements);
    else for (const statement of statements) await target.query(statement);
  }
  if (missing.length === 0) return;
  const { rows } = await target.query<{ user: string }>("select quote_ident(current_user) as user");
  const wanted = missing.map((sql) => sql.replace("current_user", rows[0]!.user)).join("; ");
  throw new RoostError(
    "forbidden",
    `This user may not make the roles of services there: have an administrator run ${wanted}`,
  );
}

/** As the owner of what the statement makes. What the reading user owns belongs to the writing one. */
export async function runAs(target: Client, { owner, sql }: OwnedStatement, { user }: DatabaseObjects): Promise<void> {
  const named = sql.replaceAll(roleMarks, (_, role: string) =>
    role === user ? "session_user" : escapeIdentifier(role),
  );
  if (owner === user) await target.query(named);
  // Who owns a schema need not be allowed to make one.
  else if (named.startsWith("create schema ")) await target.query(`${named} authorization ${escapeIdentifier(owner)}`);
  else {
    await target.query(`set local role ${escapeIdentifier(owner)}`);
    await target.query(named);
    await target.query("reset role");
  }
}

export async function inTransaction(client: Client, work: () => Promise<void>): Promise<void> {
  await client.query("begin");
  try {
    await work();
    await client.query("commit");
  } catch (error) {
    await client.query("rollback").catch(() => undefined);
    throw error;
  }
}
