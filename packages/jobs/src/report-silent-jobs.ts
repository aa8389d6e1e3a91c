/** Reports, once, that a job has been due for a while without firing. Called outside schedulers, since those are what fails. */
import { formatDurationMs } from "@roost/base";
import { labelsOfJob } from "./emit-job-event.ts";
import { isPassing, raiseNotice, rememberResult, type Kernel, type KernelTransaction } from "@roost/kernel";

/** A tick later than this means that no scheduler is running. */
export const silentMsMax = 60_000;

/** Jobs reported per check; the others follow. */
const jobsPerLookMax = 100;
/** How long a reported moment is not reported again. */
const keepMs = 30 * 86_400_000;

interface SilentJob {
  id: string;
  dueAt: Date;
  causeId: string;
  now: Date;
}

/** Checks for silent jobs; any number of processes may call it. Returns how many jobs were reported. A job reports the same missing tick once. */
export async function reportSilentJobs(kernel: Kernel): Promise<number> {
  const silent = await kernel.database.query<SilentJob>(
    `select s.id, s.due_at as "dueAt", s.cause_id as "causeId", roost.now() as now from (
       (select job.id, job.fire_at as due_at, job.cause_id from roost.job
        where job.state = 'active' and job.fire_at <= roost.now() - $1 * interval '1 millisecond' order by job.fire_at limit $2)
       union all
       (select job.id, w.due_at, job.cause_id from roost.event_window w join roost.job on job.id = w.job_id
        where w.due_at <= roost.now() - $1 * interval '1 millisecond' order by w.due_at limit $2)) as s
     where not exists (select 1 from roost.idempotency_key k
       where k.scope = $3 and k.key = s.id || ' ' || extract(epoch from s.due_at)::text and k.expires_at > roost.now())`,
    [silentMsMax, jobsPerLookMax, scope],
    { name: "job-silent" },
  );
  let reported = 0;
  for (const job of silent) {
    try {
      if (await kernel.transact((tx) => report(tx, job))) reported += 1;
    } catch (error) {
      if (isPassing(error)) throw error;
      kernel.logger.error("a job is silent and could not be reported", { jobId: job.id, error });
    }
  }
  return reported;
}

const scope = "job.silent";

/** Invariant: the event and its key commit together, so that one of many observers reports. */
async function report(tx: KernelTransaction, job: SilentJob): Promise<boolean> {
  const [due] = await tx.query<{ key: string }>(
    `select $1 || ' ' || extract(epoch from $2::timestamptz)::text as key`,
    [job.id, job.dueAt],
  );
  const { isRepeated } = await rememberResult(tx, { scope, key: due!.key, keepMs }, async () => {
    const lateMs = Math.max(0, Math.round(job.now.getTime() - job.dueAt.getTime()));
    const dueAt = job.dueAt.toISOString();
    const causation = tx.emit({
      type: "job.silent",
      subject: job.id,
      labels: labelsOfJob(job.id),
      data: { jobId: job.id, dueAt, lateMs },
      causation: job.causeId,
    });
    const text = `Job ${job.id} has been due for ${formatDurationMs(lateMs)} and has not fired: is a scheduler running? roost status`;
    raiseNotice(tx, { level: "warning", text, source: "kernel", jobId: job.id, causation });
    return null;
  });
  return !isRepeated;
}
