/** Makes a plan that breaks a promise smaller while it still does: fewer faults, fewer operations, fewer processes (delta debugging). */
import type { Plan } from "./plan.ts";

export interface ShrinkOptions {
  /** Whether a promise is broken in the world of this plan. */
  isBroken(plan: Plan): Promise<boolean>;
  /** Worlds that may be tried. */
  attemptsMax: number;
}

const lists = ["faults", "operations"] as const;
const countsMin = { jobCount: 0, readerCount: 0, clientCount: 1, workerCount: 1, schedulerCount: 1 } as const;

export async function shrinkPlan(plan: Plan, { isBroken, attemptsMax }: ShrinkOptions): Promise<Plan> {
  let smallest = plan;
  let attemptCount = 0;
  const accept = async (candidate: Plan): Promise<boolean> => {
    if (attemptCount >= attemptsMax) return false;
    attemptCount += 1;
    if (!(await isBroken(candidate))) return false;
    smallest = candidate;
    return true;
  };
  let isSmaller = true;
  while (isSmaller && attemptCount < attemptsMax) {
    const before = smallest;
    for (const name of lists) await shrinkList(name, () => smallest, accept);
    for (const [name, min] of Object.entries(countsMin)) {
      const count = name as keyof typeof countsMin;
      while (smallest[count] > min && (await accept({ ...smallest, [count]: smallest[count] - 1 })));
    }
    isSmaller = smallest !== before;
  }
  return smallest;
}

/** Leaves out halves, then quarters, down to single entries. */
async function shrinkList(
  name: (typeof lists)[number],
  present: () => Plan,
  accept: (candidate: Plan) => Promise<boolean>,
): Promise<void> {
  for (let size = Math.ceil(present()[name].length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let start = 0; start < present()[name].length;) {
      const left = present()[name].toSpliced(start, size);
      if (!(await accept({ ...present(), [name]: left }))) start += size;
    }
  }
}
