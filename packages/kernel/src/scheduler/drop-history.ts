import type { Kernel } from "../open-kernel.ts";
import { dropRunHistory } from "../runs/sweep-finished-runs.ts";

/** Drops months of ended runs past their retention. One pass; any number of schedulers may call it. */
export async function dropHistory(kernel: Kernel): Promise<void> {
  const [set] = await kernel.database.query<{ runsBefore: Date | null }>(
    `select roost.now() - runs_ms * interval '1 millisecond' as "runsBefore" from roost.retention`,
  );
  if (set?.runsBefore != null) await dropRunHistory(kernel, { before: set.runsBefore });
}
