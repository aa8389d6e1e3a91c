import type { Kernel } from "../open-kernel.ts";

/** The topics in whose events a job or a waiting run is interested, by name. */
export async function readEventTopics(kernel: Kernel): Promise<string[]> {
  const rows = await kernel.database.query<{ topic: string }>(
    `select topic from roost.job where state = 'active' and topic is not null
     union select topic from roost.wait where resolved_at is null and kind = 'event' and topic is not null order by 1`,
    [],
    { name: "scheduler-event-topics" },
  );
  return rows.map((row) => row.topic);
}
