/** The relay's places in the log. By functions of this room, which a relay on another host may call: it has no other right to them. */
import { RoostError } from "@roost/base";
import type { Sql, Transaction } from "@roost/database";

export const relayGroup = "kafka-relay";

interface Place {
  topic: string;
  partition: number;
}

export interface LockedPlace {
  place: number;
  /** Of the partition. */
  firstOffset: number;
  nextOffset: number;
}

/** Retention keeps what has not been shipped of these topics. */
export async function declareRelay(sql: Sql, topics: readonly string[]): Promise<void> {
  await sql.query("select kafka.declare_relay_1($1)", [topics]);
}

/** Undefined while another relay has it. */
export async function lockPlace(tx: Transaction, { topic, partition }: Place): Promise<LockedPlace | undefined> {
  const [row] = await tx.query<{ [Name in keyof LockedPlace]: number | null }>(
    `select place, first_offset as "firstOffset", next_offset as "nextOffset" from kafka.lock_cursor_1($1, $2)`,
    [topic, partition],
    { name: "kafka_lock_cursor" },
  );
  return row?.place == null ? undefined : (row as LockedPlace);
}

/** @throws RoostError `conflict` when it is elsewhere by now */
export async function movePlace(
  tx: Transaction,
  { topic, partition, from, to }: Place & { from: number; to: number },
): Promise<void> {
  const [row] = await tx.query<{ isMoved: boolean }>(
    `select kafka.move_cursor_1($1, $2, $3, $4) as "isMoved"`,
    [topic, partition, from, to],
    { name: "kafka_move_cursor" },
  );
  if (row?.isMoved !== true)
    throw new RoostError("conflict", `the relay is at another place of ${topic}/${partition} than ${from} by now`);
}
