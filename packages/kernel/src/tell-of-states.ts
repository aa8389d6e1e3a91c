/** States that last (table failure): one notice when each begins, one when it is over, by whichever of many observers sees it first. */
import type { Kernel } from "./open-kernel.ts";
import { raiseNotice } from "./raise-notice.ts";

export interface LastingState {
  /** Begins with the prefix. */
  what: string;
  reason: string;
}

export interface TellOfStates<Found extends LastingState> {
  /** Of the names of all states of this kind. */
  prefix: string;
  /** All that are so now: one that is missing is over. */
  found: readonly Found[];
  /** Told of are those that are among so many of the first when they are new. */
  toldMax: number;
  /** Whether one that was not told is to be now. Default: always. */
  isToTell?: (state: Found) => boolean;
  /** The part of Roost that tells. */
  source: string;
  begun: (state: Found) => string;
  over: (reason: string) => string;
}

/**
 * Returns how many changed.
 * Invariant: the row and the notice commit together, so that one of many observers tells.
 */
export async function tellOfStates<Found extends LastingState>(
  kernel: Kernel,
  options: TellOfStates<Found>,
): Promise<number> {
  const { prefix, found, toldMax, source, isToTell = () => true } = options;
  const known = await kernel.database.query<LastingState>(
    "select what, reason from roost.failure where starts_with(what, $1)",
    [prefix],
    { name: "roost_states_told" },
  );
  const told = new Set(known.map(({ what }) => what));
  const lasting = new Set(found.map(({ what }) => what));
  let changed = 0;
  for (const state of found.slice(0, toldMax).filter((one) => !told.has(one.what) && isToTell(one))) {
    const { what, reason } = state;
    const isFirst = await kernel.transact(async (tx) => {
      const rows = await tx.query(
        "insert into roost.failure (what, reason) values ($1, $2) on conflict do nothing returning 1",
        [what, reason],
      );
      if (rows.length > 0) raiseNotice(tx, { level: "warning", text: options.begun(state), source });
      return rows.length > 0;
    });
    if (isFirst) changed += 1;
  }
  for (const { what } of known.filter((state) => !lasting.has(state.what))) {
    const isFirst = await kernel.transact(async (tx) => {
      const rows = await tx.query<{ reason: string }>("delete from roost.failure where what = $1 returning reason", [
        what,
      ]);
      for (const { reason } of rows) raiseNotice(tx, { level: "info", text: options.over(reason), source });
      return rows.length > 0;
    });
    if (isFirst) changed += 1;
  }
  return changed;
}
