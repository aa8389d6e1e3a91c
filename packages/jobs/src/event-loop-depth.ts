import { buildCausality, causesOf, readCorrelation, type KernelTransaction, type StoredEvent } from "@roost/kernel";

/** How often a job may start itself, through its own events, from one origin. */
export const loopDepthMax = 3;

/** Above this many ticks of one job from one origin it counts as a loop: the chain is too long to read. */
const ticksPerOriginMax = 200;

const eventsReadMax = 1_000;

/** How many ticks of the job lie between the event and its origin. */
export async function eventLoopDepth(tx: KernelTransaction, jobId: string, event: StoredEvent): Promise<number> {
  const [row] = await tx.query<{ count: number }>(
    `select count(*)::int as count from (select 1 from roost.tick where job_id = $1 and correlation = $2 and outcome = 'fired' limit $3) as known`,
    [jobId, event.correlation, ticksPerOriginMax],
    { name: "tick-of-origin" },
  );
  const count = row?.count ?? 0;
  if (count < loopDepthMax || count >= ticksPerOriginMax) return count;
  const { byId } = buildCausality(await readCorrelation(tx, event.correlation, { limit: eventsReadMax }));
  const node = byId.get(event.id);
  if (node === undefined) return count;
  return causesOf(node).filter((cause) => cause.event.type === "tick.fired" && cause.event.subject === jobId).length;
}
