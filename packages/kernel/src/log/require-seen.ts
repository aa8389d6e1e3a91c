import type { Sql } from "@roost/database";

/**
 * Called before events up to `until` are read in a transaction that moves past them: fails the transaction as a conflict, so that it is repeated,
 * while its connection does not know their newest segment. For windows in which an event is kept.
 */
export async function requireSeen(
  tx: Sql,
  topic: string,
  windows: readonly { partition: number; until: number }[],
): Promise<void> {
  if (windows.length === 0) return;
  await tx.query(
    "select roost.require_seen_1($1, $2::integer[], $3::bigint[])",
    [topic, windows.map((window) => window.partition), windows.map((window) => window.until)],
    { name: "roost_require_seen" },
  );
}
