/**
 * Moves what one database holds to another server of PostgreSQL 15 or newer: roles, schemas, tables with their rows, sequences, indexes, grants.
 * The source is read in one snapshot and never changed. How far a move has got stands in the target, in the transactions that do it, so one that
 * was killed goes on where it was. Until `finish` the target is marked, and what starts on it refuses it.
 */
import { delay, RoostError } from "@roost/base";
import type { Client } from "pg";
import { openClient } from "../connect-client.ts";
import type { Sql } from "../database.ts";
import { parseDatabaseUrl } from "../database-url.ts";
import { requireServerVersion } from "../open-database.ts";
import { createServerHosts } from "../server-hosts.ts";
import { toDatabaseError } from "../to-database-error.ts";
import { copyTable, digestTable, isSameDigest, moveSettings, readCopied, type TableDigest } from "./copy-table.ts";
import { moveSchema, readDatabaseIdentity, readHalfDoneMove, sqlOf } from "./half-done-move.ts";
import { inTransaction, prepareTarget, runAs } from "./prepare-target.ts";
import { listUncarried, readObjects, type DatabaseObjects } from "./read-objects.ts";

export interface MoveDatabaseOptions {
  source: string;
  target: string;
  /** Whose move it is: only the same one goes on with a half-done one. */
  owner: string;
  /** Of each table whose rows are in the target. The move goes on when it has resolved. */
  onTable?: ((progress: MoveProgress) => unknown) | undefined;
}

export interface MoveProgress {
  table: string;
  rowCount: number;
  tableCount: number;
  tablesDone: number;
}

export interface MovedDatabase extends AsyncDisposable {
  tableCount: number;
  rowCount: number;
  /** What is in the target from a move that was interrupted. */
  resumedTables: number;
  /** For a check of what only the caller knows of. */
  source: Pick<Sql, "query">;
  target: Pick<Sql, "query">;
  /**
   * Once more, after the caller has recorded that the target is used from now on: what started on the source just before is found, what starts
   * after is refused by the record. @throws RoostError `conflict`
   */
  checkSource(): Promise<void>;
  /** Takes the mark off the target. */
  finish(): Promise<void>;
}

/** Another process that uses a database may have ended a moment ago. */
const sessionWaitMsMax = 1_500;
const sessionPollMs = 100;

/** @throws RoostError `conflict` when one of them is in use or the target is not empty; `forbidden` when this user may not make what is needed */
export async function moveDatabase(options: MoveDatabaseOptions): Promise<MovedDatabase> {
  await using opened = new AsyncDisposableStack();
  const open = async (url: string, isReadOnly: boolean) => {
    const client = await openMoving(url, isReadOnly);
    opened.defer(() => client.end());
    return client;
  };
  const source = await open(options.source, true);
  const target = await open(options.target, false);
  try {
    const moved = await move(source, target, options);
    const owned = opened.move();
    return { ...moved, [Symbol.asyncDispose]: () => owned.disposeAsync() };
  } catch (error) {
    throw toDatabaseError(error);
  }
}

async function openMoving(url: string, isReadOnly: boolean): Promise<Client> {
  const hosts = createServerHosts(parseDatabaseUrl(url));
  const settings = {
    hosts,
    applicationName: moveName,
    statementTimeoutMsMax: 0,
    idleInTransactionMsMax: 0,
    isReadOnly,
  };
  const client = await openClient(settings);
  await client.query(moveSettings);
  const [version] = (
    await client.query<{ number: number; text: string }>(
      "select current_setting('server_version_num')::int as number, current_setting('server_version') as text",
    )
  ).rows;
  requireServerVersion(version!.number, version!.text);
  return client;
}

const moveName = "roost database move";

async function move(
  source: Client,
  target: Client,
  options: MoveDatabaseOptions,
): Promise<Omit<MovedDatabase, typeof Symbol.asyncDispose>> {
  await refuseSame(source, target);
  // Two moves at once into one target would each see it half done.
  await requireLock(target);
  await refuseUse(source, "the database that is moved");
  await refuseUse(target, "the database that it is moved to");
  await source.query("begin isolation level repeatable read, read only");
  const uncarried = await listUncarried(source);
  if (uncarried.length > 0)
    throw new RoostError("conflict", `The database holds what a move does not carry: ${uncarried.join("; ")}`);
  const objects = await readObjects(source);
  const digests = new Map<string, TableDigest>();
  const before = await readTransactionNumber(source);
  for (const table of objects.tables) digests.set(table.name, await digestTable(source, table));
  await prepareTarget(target, objects, { owner: options.owner, digests });
  const resumedTables = await copyTables(source, target, { objects, digests, options });
  await completeTarget(source, target, objects);
  await compare(target, objects, digests);
  await source.query("commit");
  const checkSource = async () => {
    // What has come meanwhile would go on writing there, and what it has begun to write no digest shows.
    await refuseUse(source, "the database that is moved");
    if ((await readTransactionNumber(source)) !== before) await refuseChange(source, objects, digests);
  };
  await checkSource();
  await target.query(`update ${moveSchema}.move set stage = 'done'`);
  return {
    tableCount: objects.tables.length,
    rowCount: [...digests.values()].reduce((sum, { rowCount }) => sum + rowCount, 0),
    resumedTables,
    source: sqlOf(source),
    target: sqlOf(target),
    checkSource,
    finish: () => takeMark(target),
  };
}

/** Finishes a move that was killed after everything was there, `first` before that. False when there is none of this owner in that state. */
export async function finishMove({
  url,
  owner,
  first,
}: {
  url: string;
  owner: string;
  first: (target: Pick<Sql, "query">) => Promise<void>;
}): Promise<boolean> {
  const target = await openMoving(url, false);
  try {
    const half = await readHalfDoneMove(sqlOf(target));
    if (half?.owner !== owner || half.stage !== "done") return false;
    await first(sqlOf(target));
    await takeMark(target);
    return true;
  } finally {
    await target.end();
  }
}

async function takeMark(target: Client): Promise<void> {
  await target.query(`drop schema ${moveSchema} cascade`);
}

async function refuseSame(source: Client, target: Client): Promise<void> {
  const [one, other] = await Promise.all([source, target].map((client) => readDatabaseIdentity(sqlOf(client))));
  if (one === other) throw new RoostError("conflict", "The database is there already: name another one");
}

async function requireLock(target: Client): Promise<void> {
  const { rows } = await target.query<{ isOurs: boolean }>(
    `select pg_try_advisory_lock(hashtextextended('${moveName}', 0)) as "isOurs"`,
  );
  if (rows[0]?.isOurs !== true) throw new RoostError("conflict", "Another move into this database is under way");
}

async function refuseUse(client: Client, what: string): Promise<void> {
  await refuseSessions(client, what);
  // A prepared transaction outlives its session: when it is committed, it writes what no digest has seen.
  const { rows } = await client.query<{ gid: string }>(
    "select gid from pg_prepared_xacts where database = current_database() order by prepared limit 5",
  );
  if (rows.length > 0)
    throw new RoostError(
      "conflict",
      `${what} has prepared transactions (${rows.map(({ gid }) => gid).join(", ")}): COMMIT PREPARED or ROLLBACK PREPARED each first`,
    );
}

async function refuseSessions(client: Client, what: string): Promise<void> {
  const startedMs = performance.now();
  for (;;) {
    // Processes of the server itself have no user.
    const { rows } = await client.query<{ who: string }>(
      `select distinct format('%s (%s, %s)', coalesce(nullif(regexp_replace(application_name, '^roost ', ''), ''), 'a program'), usename, coalesce(host(client_addr), 'this machine')) as who
       from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and usesysid is not null order by 1 limit 5`,
    );
    if (rows.length === 0) return;
    if (performance.now() - startedMs > sessionWaitMsMax)
      throw new RoostError(
        "conflict",
        `${what} is in use by ${rows.map(({ who }) => who).join(", ")}: stop everything of the home on every host first (roost down)`,
      );
    await delay(sessionPollMs);
  }
}

async function readTransactionNumber(source: Client): Promise<string> {
  const { rows } = await source.query<{ next: string }>("select pg_snapshot_xmax(pg_current_snapshot())::text as next");
  return rows[0]!.next;
}

/** Rows of each table in one transaction with the record of them. Returns how many tables needed none. */
async function copyTables(
  source: Client,
  target: Client,
  {
    objects,
    digests,
    options,
  }: { objects: DatabaseObjects; digests: Map<string, TableDigest>; options: MoveDatabaseOptions },
): Promise<number> {
  const copied = await readCopied(target);
  let resumed = 0;
  for (const [index, table] of objects.tables.entries()) {
    const wanted = digests.get(table.name)!;
    if (isSameDigest(copied.get(table.name), wanted)) resumed += 1;
    else
      await inTransaction(target, async () => {
        if (copied.has(table.name)) await target.query(`truncate ${table.name} cascade`);
        await copyTable(source, target, table);
        const got = await digestTable(target, table);
        if (!isSameDigest(got, wanted)) throw differs(table.name, wanted, got);
        await target.query(
          `insert into ${moveSchema}.copied values ($1, $2, $3) on conflict (name) do update set row_count = excluded.row_count, hash = excluded.hash`,
          [table.name, wanted.rowCount, wanted.hash],
        );
      });
    await options.onTable?.({
      table: table.name,
      rowCount: wanted.rowCount,
      tablesDone: index + 1,
      tableCount: objects.tables.length,
    });
  }
  return resumed;
}

/** Sequences, constraints, indexes, triggers and grants, all or none. */
async function completeTarget(source: Client, target: Client, objects: DatabaseObjects): Promise<void> {
  const half = await readHalfDoneMove(sqlOf(target));
  await inTransaction(target, async () => {
    for (const name of objects.sequences) {
      const { rows } = await source.query<{ value: number; isCalled: boolean }>(
        `select last_value as value, is_called as "isCalled" from ${name}`,
      );
      await target.query("select setval($1::regclass, $2, $3)", [name, rows[0]!.value, rows[0]!.isCalled]);
    }
    if (half?.stage === "rows") {
      for (const statement of objects.after) await runAs(target, statement, objects);
      await target.query(`update ${moveSchema}.move set stage = 'complete'`);
    }
  });
  await target.query("analyze");
}

async function compare(target: Client, { tables }: DatabaseObjects, digests: Map<string, TableDigest>): Promise<void> {
  for (const table of tables) {
    const [wanted, got] = [digests.get(table.name)!, await digestTable(target, table)];
    if (!isSameDigest(got, wanted)) throw differs(table.name, wanted, got);
  }
}

/** Statistics count as transactions too, so rows decide. */
async function refuseChange(
  source: Client,
  { tables }: DatabaseObjects,
  digests: Map<string, TableDigest>,
): Promise<void> {
  for (const table of tables)
    if (!isSameDigest(await digestTable(source, table), digests.get(table.name)!))
      throw new RoostError(
        "conflict",
        `${table.name} was changed while it was moved: stop everything of the home on every host, then start the move again`,
      );
}

function differs(name: string, wanted: TableDigest, got: TableDigest): RoostError {
  return new RoostError(
    "internal",
    `${name} has ${got.rowCount} rows in the target and ${wanted.rowCount} in the source, or others (${got.hash}, ${wanted.hash}): start the move again`,
  );
}
