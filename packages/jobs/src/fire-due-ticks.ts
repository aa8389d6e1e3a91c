/**
 * Fires what is due by the clock. Any number of schedulers do this at once, without a leader: each locks due jobs that no other has, and the tick's
 * primary key makes a moment fire once.
 */
import { drawFraction } from "@roost/base";
import { isPassing, judgeFailures, runLimits, type Failure, type Kernel } from "@roost/kernel";
import { dueTicks, type DueTicks } from "./job-moments.ts";
import { jobColumns, type StoredJob } from "./job-row.ts";
import { leaveUntold, advanceJobs } from "./advance-jobs.ts";
import { dueMomentsPerPassMax } from "./plan-ticks.ts";
import { recordTicks, type NewTick } from "./record-ticks.ts";
import { createScheduleCache, type ScheduleCache } from "./schedule-cache.ts";
import { setAsideJob } from "./set-aside-job.ts";

export interface FireDueTicksOptions {
  /** Jobs per pass. Default 100. */
  limit?: number;
  schedules?: ScheduleCache;
}

export interface FiredTicks {
  /** Jobs that were due. */
  jobCount: number;
  fired: number;
  skipped: number;
  missed: number;
  /** More is due already. */
  isMore: boolean;
}

export const jobsPerPassDefault = 100;
/** Where many are due at one moment: a pass is one commit. One by one, after a failure, never more than the default. */
export const jobsPerPassMax = 500;

/** A tick fires within a second of its moment. One that is later than this waited for a scheduler, and probably not alone … */
const spreadAfterMs = 5_000;
/** … so the starts of late runs are spread: by this much per late job … */
const catchUpSpacingMs = 2_000;
/** … up to this many jobs: ten minutes. */
const catchUpSpreadJobsMax = 300;

export async function fireDueTicks(kernel: Kernel, options: FireDueTicksOptions = {}): Promise<FiredTicks> {
  const limit = options.limit ?? jobsPerPassDefault;
  const schedules = options.schedules ?? createScheduleCache();
  try {
    return await firePass(kernel, { limit, schedules });
  } catch (error) {
    if (isPassing(error)) throw error;
    kernel.logger.warn("due ticks could not be recorded together and are recorded job by job", { error });
    return await fireEach(kernel, { limit: Math.min(limit, jobsPerPassDefault), schedules });
  }
}

/**
 * Invariant: of many due jobs one that cannot be recorded is set aside, and all others tick in the same pass.
 * @throws a failure that too many of them share: a fault of the home, for which no job is paused
 */
async function fireEach(
  kernel: Kernel,
  { limit, schedules }: { limit: number; schedules: ScheduleCache },
): Promise<FiredTicks> {
  const due = await kernel.database.query<{ id: string }>(
    "select id from roost.job where state = 'active' and fire_at <= roost.now() order by fire_at, id limit $1",
    [limit],
  );
  const total = { jobCount: due.length, fired: 0, skipped: 0, missed: 0, isMore: true };
  const failures: Failure[] = [];
  for (const { id } of due) {
    try {
      const { fired, skipped, missed } = await firePass(kernel, { limit: 1, schedules, jobId: id });
      total.fired += fired;
      total.skipped += skipped;
      total.missed += missed;
    } catch (error) {
      if (isPassing(error)) throw error;
      failures.push({ id, error });
    }
  }
  const { fault, own } = await judgeFailures(kernel, "job", { failures, triedCount: due.length });
  for (const { id, error } of own) await setAsideJob(kernel, id, error);
  if (fault !== undefined) throw fault.error;
  return total;
}

/** Fires as many due jobs as one transaction takes, or one of them. */
function firePass(
  kernel: Kernel,
  { limit, schedules, jobId }: { limit: number; schedules: ScheduleCache; jobId?: string | undefined },
): Promise<FiredTicks> {
  return kernel.transact(async (tx) => {
    const due = await tx.query<StoredJob & { now: Date }>(
      `select ${jobColumns}, roost.now() as now from roost.job
       where state = 'active' and fire_at <= roost.now() ${jobId === undefined ? "" : "and id = $2"}
       order by fire_at, id limit $1 for update skip locked`,
      jobId === undefined ? [limit] : [limit, jobId],
      { name: jobId === undefined ? "job-due" : "job-due-one" },
    );
    const nowMs = due[0]?.now.getTime() ?? 0;
    const moves = planPass(due, nowMs, schedules);
    const ticks = moves.flatMap((move) => move.ticks);
    await spreadLate(tx, ticks, nowMs);
    const recorded = await recordTicks(tx, ticks, nowMs);
    const told = moves.map(({ job, plan }) => ({ job, plan: leaveUntold(plan, job.id, recorded) }));
    if (told.length > 0) await advanceJobs(tx, told);
    const count = (outcome: string) => recorded.filter((tick) => tick.outcome === outcome).length;
    return {
      jobCount: due.length,
      fired: count("fired"),
      skipped: count("skipped"),
      missed: count("missed"),
      isMore:
        due.length === limit ||
        moves.length < due.length ||
        moves.some(({ plan }) => plan.fireAtMs !== undefined && plan.fireAtMs <= nowMs),
    };
  });
}

/**
 * As many due jobs as one pass can settle. After a long outage each has thousands of moments, and planning them blocks this process; the other jobs
 * stay due and unlocked.
 */
function planPass(due: StoredJob[], nowMs: number, schedules: ScheduleCache): ({ job: StoredJob } & DueTicks)[] {
  const moves: ({ job: StoredJob } & DueTicks)[] = [];
  let momentCount = 0;
  let runCount = 0;
  for (const job of due) {
    if (momentCount >= dueMomentsPerPassMax) break;
    const move = { job, ...dueTicks(job, nowMs, schedules) };
    momentCount += move.plan.momentCount;
    runCount += move.ticks.filter(({ outcome }) => outcome === "fire").length;
    if (moves.length > 0 && runCount > runLimits.createMax) break;
    moves.push(move);
  }
  return moves;
}

/** When many jobs are late at once, their runs do not all start at once. */
async function spreadLate(
  tx: { query<Row>(sql: string, values: unknown[]): Promise<Row[]> },
  ticks: NewTick[],
  nowMs: number,
): Promise<void> {
  const late = ticks.filter((tick) => tick.outcome === "fire" && tick.lateMs > spreadAfterMs);
  if (late.length === 0) return;
  const [row] = await tx.query<{ count: number }>(
    `select count(*)::int as count from (
       select 1 from roost.job where state = 'active' and fire_at <= roost.now() - $1 * interval '1 ms' limit $2) as late`,
    [spreadAfterMs, catchUpSpreadJobsMax + 1],
  );
  const othersCount = Math.min(catchUpSpreadJobsMax, Math.max(0, (row?.count ?? 1) - 1));
  if (othersCount === 0) return;
  for (const tick of late)
    tick.startAtMs = nowMs + Math.floor(drawFraction("start", tick.job.id, tick.atMs) * othersCount * catchUpSpacingMs);
}

export interface NextFire {
  fireAt: Date;
  isDue: boolean;
}

/** When the next tick is due, by the database's clock; undefined when none is planned. Reads only. */
export async function readNextFire(kernel: Kernel): Promise<NextFire | undefined> {
  const [row] = await kernel.database.query<{ fireAt: Date | null; isDue: boolean | null }>(
    `select min(fire_at) as "fireAt", min(fire_at) <= roost.now() as "isDue" from roost.job where state = 'active' and fire_at is not null`,
    [],
    { name: "job-next-fire" },
  );
  return row === undefined || row.fireAt === null ? undefined : { fireAt: row.fireAt, isDue: row.isDue === true };
}
