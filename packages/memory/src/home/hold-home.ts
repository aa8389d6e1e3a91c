/**
 * Ties a database to one home. Each process of a home holds a shared advisory lock on its location for its lifetime, so that a copy of the home can
 * be told from a moved home.
 */
import { hostname } from "node:os";
import { backoffMs, createId, jitteredMs, RoostError, sleepUntilAborted, type Logger } from "@roost/base";
import { readTimeline, type Database, type DatabaseSession, type Sql, type Transaction } from "@roost/database";
import { toLockedOut } from "./refuse-locked-out.ts";

/** A home as described by its directory. */
export interface HomeIdentity {
  /** Undefined: it has none yet, or its file was lost. */
  id: string | undefined;
  /** The same for all processes of a directory, different for each copy. */
  place: string;
  path: string;
  /** The process is on another machine: it changes nothing of what is recorded of the home. */
  isElsewhere?: true;
}

export interface HeldHome extends AsyncDisposable {
  /** The id that the home is to keep. */
  readonly id: string;
  /**
   * Aborted, with an error that says why, when the database was given to another home while it was unreachable, or was replaced by a replica: what
   * this process remembers of it may not be in it any more, so it starts again. And with `unauthenticated` on a joined host that the database lets in
   * no more, whatever the process does.
   */
  readonly refused: AbortSignal;
}

const failureBackoff = { firstMs: 100, maxMs: 10_000 };

/** @throws RoostError `invalid_input` when the database belongs to another home, or to a running copy of this one */
export async function holdHome(
  database: Database,
  home: HomeIdentity,
  { logger, host = hostname() }: { logger: Logger; host?: string },
): Promise<HeldHome> {
  const closing = new AbortController();
  const refused = new AbortController();
  let { session, id, timeline } = await hold(database, home, host);
  const keepHeld = async () => {
    for (let failureCount = 1; ; failureCount += 1) {
      await ended(AbortSignal.any([session.lost, closing.signal]));
      if (closing.signal.aborted) return;
      try {
        const before = timeline;
        ({ session, id, timeline } = await hold(database, { ...home, id }, host));
        if (timeline !== before) return refused.abort(hasFailedOver(before, timeline));
        failureCount = 0;
      } catch (error) {
        const lockedOut = home.isElsewhere === true ? toLockedOut(error) : undefined;
        if (lockedOut !== undefined) return refused.abort(lockedOut);
        if (error instanceof RoostError && error.code === "invalid_input") return refused.abort(error);
        logger.warn("the database could not be told that its home is running and will be told again", { error });
        await sleepUntilAborted(jitteredMs(backoffMs(failureCount, failureBackoff)), { signal: closing.signal });
      }
    }
  };
  const keeping = keepHeld();
  return {
    id,
    refused: refused.signal,
    async [Symbol.asyncDispose]() {
      closing.abort();
      await keeping;
      await session[Symbol.asyncDispose]();
    },
  };
}

async function hold(
  database: Database,
  home: HomeIdentity,
  host: string,
): Promise<{ session: DatabaseSession; id: string; timeline: string }> {
  const session = await database.openSession();
  try {
    // Before the row is read: of two copies that start at once the second sees the first one's lock.
    await session.query(`select pg_advisory_lock_shared(${lockKey("$1")})`, [home.place]);
    const timeline = await readTimeline(session);
    return { session, timeline, id: await database.transact((tx) => claim(tx, home, host)) };
  } catch (error) {
    await session[Symbol.asyncDispose]();
    throw error;
  }
}

export interface Recorded {
  id: string;
  place: string;
  host: string;
  path: string;
}

const recordedSql = `select id::text as id, place, host, path from roost.home`;

/** A check before any write, for a database of any version. @throws RoostError `invalid_input` when it belongs to another home */
export async function refuseOtherHome(
  database: Database,
  home: HomeIdentity,
  host: string = hostname(),
): Promise<void> {
  const [table] = await database.query<{ isThere: boolean }>(
    `select to_regclass('roost.home') is not null as "isThere"`,
  );
  if (table?.isThere !== true) return;
  const [known] = await database.query<Recorded>(recordedSql);
  if (known !== undefined && !isThisHome(known, home, host)) throw belongsToAnother(known);
}

/** A home whose file was lost is recognized by its location. */
function isThisHome(known: Recorded, { id, place, path }: HomeIdentity, host: string): boolean {
  return id === undefined ? known.place === place || (known.host === host && known.path === path) : id === known.id;
}

/** Returns the home's id. */
async function claim(tx: Transaction, { id, place, path, isElsewhere }: HomeIdentity, host: string): Promise<string> {
  if (isElsewhere === true) return await requireHome(tx, id!);
  await tx.query("insert into roost.home (id, place, host, path) values ($1, $2, $3, $4) on conflict do nothing", [
    id ?? createId(),
    place,
    host,
    path,
  ]);
  const [known] = await tx.query<Recorded>(`${recordedSql} for update`);
  if (known === undefined) throw new RoostError("internal", "the row of the database's home is gone");
  const isSamePlace = known.place === place;
  if (!isThisHome(known, { id, place, path }, host)) throw belongsToAnother(known);
  if (!isSamePlace) {
    const [free] = await tx.query<{ isFree: boolean }>(
      `select pg_try_advisory_xact_lock(${lockKey("$1")}) as "isFree"`,
      [known.place],
    );
    if (free?.isFree !== true) throw isCopied(known, path);
  }
  if (!isSamePlace || known.path !== path || known.host !== host)
    await tx.query("update roost.home set place = $1, host = $2, path = $3", [place, host, path]);
  return known.id;
}

async function requireHome(sql: Sql, id: string): Promise<string> {
  const known = await readRecordedHome(sql);
  if (known === undefined) throw new RoostError("internal", "the row of the database's home is gone");
  if (known.id !== id) throw belongsToAnother(known);
  return id;
}

/** What the database knows of its home. Undefined: it has none yet. */
export async function readRecordedHome(sql: Sql): Promise<Recorded | undefined> {
  const [known] = await sql.query<Recorded>(recordedSql);
  return known;
}

function lockKey(place: string): string {
  return `hashtextextended('roost.home:' || ${place}, 0)`;
}

function hasFailedOver(before: string, now: string): RoostError {
  return new RoostError(
    "unavailable",
    `the database was replaced by a replica or put back (timeline ${before} to ${now}): this process starts again, since what it remembers may not be there any more`,
    { details: { reason: "failed_over" } },
  );
}

function belongsToAnother({ path, host }: Recorded): RoostError {
  return new RoostError(
    "invalid_input",
    `the database belongs to another home, ${path} on ${host}: give this home its own database (DATABASE_URL); ` +
      `if that home is gone and this one takes its place, run "delete from roost.home" on the database first`,
    { details: { reason: "home_of_another", path, host } },
  );
}

function isCopied({ path, host }: Recorded, ownPath: string): RoostError {
  return new RoostError(
    "invalid_input",
    `${ownPath} is a copy of the home ${path} on ${host}, which is running on the same database: to move the home, stop that one first, ` +
      `or give the copy its own database (DATABASE_URL) and delete its file .roost/home-id`,
    { details: { reason: "home_is_running", path, host } },
  );
}

function ended(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
