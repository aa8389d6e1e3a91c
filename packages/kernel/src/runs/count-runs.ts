import type { Kernel } from "../open-kernel.ts";

/** Number of unfinished runs by state, and of questions waiting for a person. */
export interface RunCounts {
  ready: number;
  queued: number;
  running: number;
  waiting: number;
  openQuestions: number;
}

export async function countRuns(kernel: Kernel): Promise<RunCounts> {
  const rows = await kernel.database.query<RunCounts>(
    `select count(*) filter (where state = 'ready') as ready, count(*) filter (where state = 'queued') as queued,
       count(*) filter (where state = 'running') as running, count(*) filter (where state = 'waiting') as waiting,
       (select count(*) from roost.question where state = 'open') as "openQuestions"
     from roost.run where ended_at is null`,
  );
  return rows[0]!;
}
