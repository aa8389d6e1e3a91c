/** Words of consumer groups: names, leases, and what it means to have lost one. */
import { RoostError } from "@roost/base";
import type { CursorName } from "../log/cursor.ts";

export const groupLimits = {
  /** Most events handed to one transaction. */
  batchMax: 1000,
  batchDefault: 100,
  topicsMax: 50,
  membersMax: 500,
  /** Partitions that one member works on at the same time. */
  concurrencyMax: 16,
  errorCharsMax: 2000,
  /** How long after its first failure an event is tried again; then twice as long each time, up to the second. */
  retryMsMin: 1_000,
  retryMsMax: 60_000,
} as const;

/** A partition that a member may move, until somebody else has it at another epoch. */
export interface PartitionLease extends CursorName {
  /** The fencing token. */
  epoch: number;
}

/** What became of one batch of a partition. */
export interface ConsumedBatch {
  state: "consumed" | "idle" | "failed" | "lost";
  eventCount: number;
  isMore: boolean;
  retryAt?: Date | undefined;
}

const groupForm = /^[a-z0-9][a-z0-9._:-]{0,126}$/;

/** @throws RoostError `invalid_input` */
export function requireGroupName(group: string): void {
  if (groupForm.test(group)) return;
  throw new RoostError(
    "invalid_input",
    `group "${group.slice(0, 80)}" must be 1 to 127 lower-case letters, digits, dots, colons, - or _, beginning with a letter or digit`,
  );
}

/** Whether a batch was refused because its partition belongs to nobody or to another member by now. */
export function isPartitionLost(error: unknown): error is RoostError {
  return hasReason(error, "partition_lost");
}

/** Whether a batch was refused because somebody moved the cursor meanwhile, while the lease still holds. */
export function isCursorMoved(error: unknown): error is RoostError {
  return hasReason(error, "cursor_moved");
}

function hasReason(error: unknown, reason: string): error is RoostError {
  return error instanceof RoostError && error.code === "conflict" && error.details?.["reason"] === reason;
}
