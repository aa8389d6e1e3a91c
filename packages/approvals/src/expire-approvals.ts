/** Approvals that were not given in time. The run itself goes on by its own wait; this keeps the record, and says so. */
import { raiseNotice, type Kernel } from "@roost/kernel";

interface Expired {
  id: string;
  runId: string;
  seq: number;
  tool: string;
  inputHash: string;
  jobId: string | null;
  /** The run has waited until then: one that was cancelled before is not told of. */
  isWaitedFor: boolean;
}

const perPassMax = 100;

/** With an event each, and one notice where a run has waited. Returns how many. */
export async function expireApprovals(kernel: Kernel): Promise<number> {
  const [due] = await kernel.database.query(
    "select from roost.approval where state = 'asked' and expires_at <= roost.now() limit 1",
    [],
    { name: "approvals_due" },
  );
  if (due === undefined) return 0;
  return kernel.transact(async (tx) => {
    // Invariant: what was decided does not expire, and what has expired is not decided any more.
    const expired = await tx.query<Expired>(
      `update roost.approval a set state = 'expired'
       where id in (select id from roost.approval where state = 'asked' and expires_at <= roost.now()
                    order by expires_at limit $1 for no key update skip locked)
       returning id, run_id as "runId", seq, tool, input_hash as "inputHash",
         (select r.job_id from roost.run_all r where r.id = a.run_id) as "jobId",
         exists (select from roost.question q where q.run_id = a.run_id and q.seq = a.seq and q.state in ('open', 'expired')) as "isWaitedFor"`,
      [perPassMax],
      { name: "approvals_expire" },
    );
    for (const { id, jobId, isWaitedFor, ...facts } of expired) {
      const causation = tx.emit({ type: "approval.expired", subject: id, data: { approvalId: id, ...facts } });
      if (!isWaitedFor) continue;
      raiseNotice(tx, {
        level: "warning",
        text: `${facts.tool} was not approved in time and is not called; the run that asked has been told so`,
        source: "approvals",
        runId: facts.runId,
        jobId: jobId ?? undefined,
        causation,
      });
    }
    return expired.length;
  });
}
