/** Takes over what heartbeats of another home have seen: where they were in mailboxes and calendars, what they had, and what they were shown. */
import type { HomeRecordOf, ImportOutcome } from "@roost/contract/operations";
import type { KernelTransaction } from "@roost/kernel";
import { outcomeOf } from "./imported.ts";

/** One that heartbeats here have looked at stays where they are. */
export async function importSource(tx: KernelTransaction, record: HomeRecordOf<"source">): Promise<ImportOutcome> {
  const { name, identity, place, nextNumber, lookedAt } = record;
  const rows = await tx.query(
    `insert into memory.source (name, identity, place, next_number, looked_at) values ($1, $2, $3, $4, $5)
     on conflict (name) do nothing returning name`,
    [name, identity, JSON.stringify(place), nextNumber, lookedAt],
  );
  return outcomeOf(record, rows.length > 0 ? "created" : "same");
}

/** Names of items go with their source: where it has gone on under another one, or with numbers of its own, they would mean something else. */
export async function importItem(tx: KernelTransaction, record: HomeRecordOf<"item">): Promise<ImportOutcome> {
  const { source, identity, number, key, at, text, takenAt, mailbox, numbering, likeness } = record;
  const rows = await tx.query(
    `insert into memory.source_item (source, number, key, at, text, taken_at, mailbox, numbering, likeness)
     select $1, $3, $4, $5, $6, $7, $8, $9, $10 from memory.source where name = $1 and identity = $2 and next_number > $3
     on conflict do nothing returning number`,
    [source, identity, number, key, at, text, takenAt, mailbox, numbering, likeness],
  );
  if (rows.length > 0) return outcomeOf(record, "created");
  const there = await tx.query("select 1 from memory.source_item where source = $1 and number = $2 and key = $3", [
    source,
    number,
    key,
  ]);
  return there.length > 0
    ? outcomeOf(record, "same")
    : outcomeOf(record, "kept", { reason: `${source} has gone on here with numbers of its own` });
}

/** A heartbeat that has thought here knows more. */
export async function importHeartbeat(
  tx: KernelTransaction,
  record: HomeRecordOf<"heartbeat">,
): Promise<ImportOutcome> {
  const { sessionKey, inputs, calledAt, lastText, lastSentAt } = record;
  const rows = await tx.query(
    `insert into memory.heartbeat as h (session_key, inputs, called_at, last_text, last_sent_at) values ($1, $2, $3, $4, $5)
     on conflict (session_key) do update set inputs = excluded.inputs, called_at = excluded.called_at,
       last_text = coalesce(h.last_text, excluded.last_text), last_sent_at = coalesce(h.last_sent_at, excluded.last_sent_at)
     where h.inputs is null and (h.inputs, h.called_at, h.last_text, h.last_sent_at)
       is distinct from (excluded.inputs, excluded.called_at, coalesce(h.last_text, excluded.last_text), coalesce(h.last_sent_at, excluded.last_sent_at))
     returning session_key`,
    [sessionKey, inputs && JSON.stringify(inputs), calledAt, lastText, lastSentAt],
  );
  return outcomeOf(record, rows.length > 0 ? "created" : "same");
}
