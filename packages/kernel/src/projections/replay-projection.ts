/**
 * Rebuilds a projection from the log alone, beside the live one: pages of events go into copies of its tables, each in a transaction with its
 * position, so a killed replay continues. Then, with writers locked out for one transaction, the rest of the log is applied, the two are compared
 * byte by byte, and the copy replaces the live one.
 */
import { RoostError, toRoostError } from "@roost/base";
import { isPassing } from "../each-alone.ts";
import type { StoredEvent } from "../log/event.ts";
import { partitionName, type OffsetVector } from "../log/offsets.ts";
import { readPartitions } from "../log/read-events.ts";
import { readLog } from "../log/read-log.ts";
import { noteFailure, noteWell } from "../note-failure.ts";
import type { Kernel } from "../open-kernel.ts";
import type { KernelTransaction } from "../transact.ts";
import { compareTables } from "./compare-tables.ts";
import { copyOf, type ProjectedTable, type Projection, type ProjectionDifference } from "./projection.ts";

export interface ReplayProjectionOptions {
  /** Only compares; the live one is unchanged. */
  isCheck?: boolean | undefined;
  /** Returns after about this long, to be called again. Default: when done. */
  budgetMs?: number | undefined;
  signal?: AbortSignal | undefined;
}

export interface ReplayStep {
  /** building: call again. Done is `checked` or `switched`. */
  state: "building" | "checked" | "switched";
  appliedCount: number;
  /** Events left to read, unwanted ones included. */
  remainingCount: number;
  /** Whether the live content equalled the log. */
  isEqual: boolean | undefined;
  difference: ProjectionDifference | undefined;
  /** Of every row in the log. */
  sha256: string | undefined;
}

const pageSize = 500;
/** How many events may be left for the transaction that locks writers out. */
const lastEventsMax = 1_000;
const lockMs = 1_000;
const lockAttemptsMax = 10;

/** One that fails is told the person once, and so is that it succeeds again. */
export async function replayProjection(
  kernel: Kernel,
  projection: Projection,
  options: ReplayProjectionOptions = {},
): Promise<ReplayStep> {
  const { name } = projection;
  const replay = { what: `projection:${name}`, name: `The replay of ${name}`, source: "kernel" };
  try {
    const step = await replayOn(kernel, projection, options);
    if (step.state !== "building") await kernel.transact((tx) => noteWell(tx, replay));
    return step;
  } catch (error) {
    if (options.signal?.aborted === true || isPassing(error)) throw error;
    const reason = toRoostError(error).message;
    const next = `What is live stays as it is; to try again: roost log replay ${name}`;
    await kernel
      .transact((tx) => noteFailure(tx, { ...replay, reason, next, timeZone: "UTC" }))
      .catch((failure: unknown) => kernel.logger.error("a failed replay could not be told", { name, error: failure }));
    throw error;
  }
}

async function replayOn(kernel: Kernel, projection: Projection, options: ReplayProjectionOptions): Promise<ReplayStep> {
  const { signal, budgetMs } = options;
  const endMs = budgetMs === undefined ? Number.POSITIVE_INFINITY : kernel.clock.nowMs() + budgetMs;
  for (;;) {
    signal?.throwIfAborted();
    const progress = await kernel.transact((tx) => applyPage(kernel, tx, projection));
    const step =
      progress.remainingCount <= lastEventsMax
        ? await finishWithLock(kernel, projection, options.isCheck ?? false)
        : { state: "building" as const, ...progress, ...unknown };
    if (step.state === "switched") await projection.settle?.();
    if (step.state !== "building" || kernel.clock.nowMs() >= endMs) return step;
  }
}

const unknown = { isEqual: undefined, difference: undefined, sha256: undefined };

/** A waiting table lock makes later ones wait, so it is waited for briefly and often. */
async function finishWithLock(kernel: Kernel, projection: Projection, isCheck: boolean): Promise<ReplayStep> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await kernel.transact((tx) => finish(kernel, tx, projection, isCheck));
    } catch (error) {
      if (toRoostError(error).code !== "timeout" || attempt === lockAttemptsMax) throw error;
    }
  }
}

interface Progress {
  offsets: OffsetVector;
  appliedCount: number;
  startedAt: Date;
}

/** Invariant: the copy and its position change in one transaction; one replay of a projection at a time changes them. */
async function openReplay(tx: KernelTransaction, projection: Projection): Promise<Progress> {
  await tx.query("select pg_advisory_xact_lock(hashtextextended('roost.replay:' || $1, 0))", [projection.name]);
  const [row] = await tx.query<Progress & { version: number }>(
    `select version, offsets, applied_count as "appliedCount", started_at as "startedAt" from roost.projection_replay where projection = $1`,
    [projection.name],
  );
  if (row !== undefined && row.version === projection.version) return row;
  await refuseGaps(tx, projection);
  for (const { name } of projection.tables) {
    await tx.query(`drop table if exists ${copyOf(name)}`);
    await tx.query(
      `create table ${copyOf(name)} (like ${name} including defaults including constraints including indexes)`,
    );
  }
  const [begun] = await tx.query<Progress>(
    `insert into roost.projection_replay (projection, version, offsets) values ($1, $2, '{}')
     on conflict (projection) do update set version = $2, offsets = '{}', applied_count = 0, started_at = roost.now(), updated_at = roost.now()
     returning offsets, applied_count as "appliedCount", started_at as "startedAt"`,
    [projection.name, projection.version],
  );
  return begun!;
}

/** @throws RoostError `conflict`: events dropped by retention cannot be replayed */
async function refuseGaps(tx: KernelTransaction, { name, topics }: Projection): Promise<void> {
  const cut = (await readPartitions(tx, topics)).find((range) => range.firstOffset > 0);
  if (cut === undefined) return;
  throw new RoostError(
    "conflict",
    `projection "${name}" cannot be rebuilt: the offsets of ${partitionName(cut.topic, cut.partition)} below ${cut.firstOffset} were dropped by retention`,
  );
}

/** @throws RoostError `conflict` that names the event which cannot be applied, why, and what to do next */
async function applyEvents(
  kernel: Kernel,
  tx: KernelTransaction,
  projection: Projection,
  events: readonly StoredEvent[],
): Promise<void> {
  const apply = (some: readonly StoredEvent[]) =>
    tx.attempt(() => projection.apply(tx, kernel.registry.upcast([...some]), copyOf));
  try {
    await apply(events);
  } catch (error) {
    if (isPassing(error)) throw error;
    for (const event of events) {
      await apply([event]).catch((cause: unknown) => {
        const { type, topic, partition, offset, id } = event;
        throw new RoostError(
          "conflict",
          `projection "${projection.name}" stops at the event ${type} (offset ${offset} of ${partitionName(topic, partition)}, id ${id}): ${toRoostError(cause).message}; ` +
            `look at it with roost log read ${topic} -p ${partition} -o ${offset} -n 1, and replay again once it can be applied: what was built until there is kept`,
          { cause },
        );
      });
    }
    // Each by itself can be applied: all together they were too much.
    kernel.logger.info("events of a projection were applied one by one", { projection: projection.name, error });
  }
}

async function applyPage(
  kernel: Kernel,
  tx: KernelTransaction,
  projection: Projection,
): Promise<{ appliedCount: number; remainingCount: number }> {
  const { topics, types } = projection;
  const progress = await openReplay(tx, projection);
  const page = await readLog(tx, { topics, types, after: progress.offsets, limit: pageSize });
  if (page.events.length > 0) await applyEvents(kernel, tx, projection, page.events);
  const appliedCount = progress.appliedCount + page.events.length;
  await tx.query(
    "update roost.projection_replay set offsets = $2, applied_count = $3, updated_at = roost.now() where projection = $1",
    [projection.name, JSON.stringify(page.offsets), appliedCount],
  );
  const ranges = await readPartitions(tx, topics);
  const remaining = ranges.map(
    ({ topic, partition, nextOffset }) => nextOffset - (page.offsets[partitionName(topic, partition)] ?? 0),
  );
  return { appliedCount, remainingCount: remaining.reduce((sum, count) => sum + count, 0) };
}

/** With writers locked out: they have committed, and with them the events. */
async function finish(
  kernel: Kernel,
  tx: KernelTransaction,
  projection: Projection,
  isCheck: boolean,
): Promise<ReplayStep> {
  let progress = await applyPage(kernel, tx, projection);
  // Another replay finished meanwhile and this one started again: too much to do while writers wait.
  if (progress.remainingCount > lastEventsMax) return { state: "building", ...progress, ...unknown };
  await tx.query(`set local lock_timeout = ${lockMs}`);
  await tx.query(`lock table ${projection.tables.map((table) => table.name).join(", ")} in share row exclusive mode`);
  await tx.query("set local lock_timeout = 0");
  do progress = await applyPage(kernel, tx, projection);
  while (progress.remainingCount > 0);
  const { startedAt } = await openReplay(tx, projection);
  const compared = await compareTables(tx, projection.tables);
  const difference = compared.difference ?? (await projection.compareRest?.(tx, copyOf));
  if (!isCheck) for (const table of projection.tables) await switchTable(tx, table);
  for (const { name } of projection.tables) await tx.query(`drop table ${copyOf(name)}`);
  await tx.query("delete from roost.projection_replay where projection = $1", [projection.name]);
  await tx.query(
    `insert into roost.projection_run (projection, version, is_check, is_equal, difference, sha256, applied_count, started_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8)
     on conflict (projection) do update set version = $2, is_check = $3, is_equal = $4, difference = $5, sha256 = $6, applied_count = $7,
       started_at = $8, ended_at = roost.now()`,
    [
      projection.name,
      projection.version,
      isCheck,
      difference === undefined,
      difference === undefined ? null : JSON.stringify(difference),
      compared.sha256,
      progress.appliedCount,
      startedAt,
    ],
  );
  return {
    state: isCheck ? "checked" : "switched",
    ...progress,
    isEqual: difference === undefined,
    difference,
    sha256: compared.sha256,
  };
}

/** Correct rows keep their local columns; the others become what the log says, in this one transaction. */
async function switchTable(
  tx: KernelTransaction,
  { name, key, columns, where = "true" }: ProjectedTable,
): Promise<void> {
  const copy = copyOf(name);
  const row = (alias: string) => `row(${columns.map((column) => `${alias}.${column}`).join(", ")})`;
  const isSameRow = [
    ...key.map((column) => `c.${column} = l.${column}`),
    `${row("c")} is not distinct from ${row("l")}`,
  ];
  await tx.query(
    `delete from ${name} l where ${where} and not exists (select from ${copy} c where ${isSameRow.join(" and ")})`,
  );
  await tx.query(`insert into ${name} select * from ${copy} where ${where} on conflict do nothing`);
}
