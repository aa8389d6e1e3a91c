/** A scheduler: the loops of the real one, in an order that chance decides, without their timers. */
import { createJobLoops } from "@roost/jobs";
import { createLoops, registerWorker } from "@roost/kernel";
import { isUnavailable, type SimulatedProcess } from "./simulated-process.ts";

/** It looks at every topic: more often would leave less time for the rest. */
const housekeepingChance = 0.15;

export async function schedulerActor(process: SimulatedProcess): Promise<void> {
  const { kernel } = process;
  await process.insist(() => registerWorker(kernel, { kind: "scheduler", host: "simulated", pid: 2, ttlMs: 60_000 }));
  const loops = [...createLoops(kernel), ...createJobLoops(kernel)];
  for (;;) {
    await process.idle();
    const loop = process.random.pick(loops);
    if (loop.upkeep !== undefined && !process.random.chance(housekeepingChance)) continue;
    try {
      await loop.look();
    } catch (error) {
      if (!isUnavailable(error)) throw error;
    }
  }
}
