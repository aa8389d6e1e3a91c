/** Where a channel has come to in what it receives: each place is left once, in the transaction of what was done for it. */
import { RoostError } from "@roost/base";
import type { KernelTransaction } from "@roost/kernel";
import type { Room } from "../room.ts";

export interface Taking {
  /** The place that the channel has. */
  from: string | null;
  signal: AbortSignal;
}

export type Moving = Taking & { to: string };

/** Invariant: the place moves once from each place, so that of many processes one takes the update. */
export async function movePlace(
  { channel }: Room,
  tx: KernelTransaction,
  { from, to }: { from: string | null; to: string },
): Promise<void> {
  const moved = await tx.query(
    "update channels.channel set place = $3, seen_at = roost.now() where name = $1 and place is not distinct from $2 returning 1",
    [channel.name, from, to],
    { name: "channels_move_place" },
  );
  if (moved.length === 0)
    throw new RoostError(
      "conflict",
      `another process has taken what came after ${from ?? "the beginning"} in ${channel.name}`,
    );
}
