/** Whether every promise was kept: what the database holds against what its users were told, against the world, and against itself. */
import { findViolations } from "@roost/kernel/testing/check-runs";
import { findCoordinationViolations } from "./find-coordination-violations.ts";
import { findEffectViolations } from "./find-effect-violations.ts";
import { findLogViolations, findUnread } from "./find-log-violations.ts";
import { findOwnershipViolations } from "./find-ownership-violations.ts";
import { findTickViolations } from "./find-tick-violations.ts";
import type { Surroundings } from "./simulated-process.ts";
import { Violation } from "./violation.ts";

export interface CheckOptions {
  /** Nothing is on its way any more: also what is only true then is looked at. */
  isStill: boolean;
  /** There are readers, and they have caught up. */
  isRead: boolean;
}

const shownMax = 5;

/** @throws Violation naming the first promises that were broken */
export async function checkWorld(
  { control, world, history }: Surroundings,
  { isStill, isRead }: CheckOptions,
): Promise<void> {
  const violations = [
    ...(await findViolations(control, { isStill })),
    ...(await findLogViolations(control, history)),
    ...(await findOwnershipViolations(control, history)),
    ...(await findCoordinationViolations(control, world, history)),
    ...(isStill ? await findEffectViolations(control, world, history) : []),
    ...(isStill ? await findTickViolations(control, history) : []),
    ...(isRead ? await findUnread(control) : []),
  ];
  if (violations.length > 0) throw new Violation(violations.slice(0, shownMax).join("; "));
}
