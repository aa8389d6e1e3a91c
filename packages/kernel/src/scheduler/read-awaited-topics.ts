import type { Kernel } from "../open-kernel.ts";

/** The topics with events that a run waits for, by name. */
export async function readAwaitedTopics(kernel: Kernel): Promise<string[]> {
  const rows = await kernel.database.query<{ topic: string }>(
    `select distinct topic from roost.wait where resolved_at is null and kind = 'event' and topic is not null order by 1`,
    [],
    { name: "scheduler-awaited-topics" },
  );
  return rows.map((row) => row.topic);
}
