/**
 * Takes over conversations: sessions and their messages, as they were said elsewhere. A message has the same id at each import, so that it comes once;
 * later ones go behind what was said here since. Nothing is told to agents and no run starts.
 */
import { RoostError, type JsonObject } from "@roost/base";
import { parseLabels } from "@roost/contract/labels";
import { messagePlaces, type HomeRecord, type HomeRecordOf, type ImportOutcome } from "@roost/contract/operations";
import type { Part } from "@roost/contract/part";
import type { KernelTransaction } from "@roost/kernel";
import { tellParts } from "../parts/parts.ts";
import { cleanText, fitContent, messageLimits, partsOf, type ContextMessage } from "../sessions/message.ts";
import { checkSessionKey, kindOfSession } from "../sessions/session.ts";
import { hashOfRecord, outcomeOf, readImported, saveImported, type ImportTerms } from "./imported.ts";

type SessionRecord = HomeRecordOf<"session">;
type MessageRecord = HomeRecordOf<"message">;

/** Sessions of a batch, before their messages. */
export async function importSessions(
  tx: KernelTransaction,
  records: readonly SessionRecord[],
  options: ImportTerms,
): Promise<ImportOutcome[]> {
  const outcomes: ImportOutcome[] = [];
  for (const record of records) {
    const { key, sessionKind, agent, title, createdAt, beginsAt } = record;
    checkSessionKey(key);
    if (kindOfSession(key) !== sessionKind)
      throw new RoostError(
        "invalid_input",
        `the key ${key} is one of a ${kindOfSession(key)} session, not of a ${sessionKind} session`,
      );
    const rows = await tx.query(
      `insert into memory.session (key, kind, agent, title, created_at, begins_at) values ($1, $2, $3, $4, $5, $6)
       on conflict (key) do update set begins_at = greatest(memory.session.begins_at, excluded.begins_at)
         where memory.session.begins_at < excluded.begins_at and memory.session.next_seq = 1
       returning key`,
      [key, sessionKind, agent, title, createdAt, beginsAt],
    );
    outcomes.push(outcomeOf(record, rows.length > 0 ? "created" : "same", { path: key }));
  }
  await noteKept(tx, records, options);
  return outcomes;
}

interface Place {
  seq: number;
  turnSeq: number;
}

/** Messages of a batch. Their sessions are locked in order, so that messages are in commit order. */
export async function importMessages(
  tx: KernelTransaction,
  records: readonly MessageRecord[],
  options: ImportTerms,
): Promise<ImportOutcome[]> {
  if (records.length === 0) return [];
  const next = await lockSessions(tx, [...new Set(records.map(({ sessionKey }) => sessionKey))]);
  const known = await placesOf(
    tx,
    records.flatMap(({ id, turnId, throughTurnId }) => [
      id,
      turnId,
      ...(throughTurnId === null ? [] : [throughTurnId]),
    ]),
  );
  const rows: object[] = [];
  const outcomes: ImportOutcome[] = [];
  const parts: Part[] = [];
  for (const record of records) {
    const { id, sessionKey, turnId, throughTurnId } = record;
    if (known.has(id)) {
      outcomes.push(outcomeOf(record, "same", { path: sessionKey }));
      continue;
    }
    // A rehearsal's session is gone with its batch.
    const nextSeq = next.get(sessionKey) ?? (options.isDryRun === true ? 1 : undefined);
    if (nextSeq === undefined)
      throw new RoostError("not_found", `there is no session ${sessionKey}: its record comes before its messages`);
    const seq = Math.max(nextSeq, record.seq);
    const turnSeq = turnId === id ? seq : (known.get(turnId)?.turnSeq ?? seq);
    next.set(sessionKey, seq + 1);
    known.set(id, { seq, turnSeq });
    const content = fitContent(record.content as unknown as ContextMessage);
    parts.push(...partsOf(record.content as unknown as ContextMessage));
    rows.push({
      session_key: sessionKey,
      seq,
      id,
      turn_seq: turnSeq,
      place: messagePlaces.indexOf(record.place),
      role: record.role,
      text: cleanText(record.text, messageLimits.textCharsMax),
      content,
      run_id: record.runId,
      source: record.source,
      is_rehearsed: record.isRehearsed,
      through_turn: throughTurnId === null ? null : (known.get(throughTurnId)?.turnSeq ?? null),
      is_stale: record.isStale,
      is_taken_back: record.isTakenBack,
      labels: await tx.labelSet(parseLabels(record.labels)),
      created_at: record.at,
    });
    outcomes.push(outcomeOf(record, "created", { path: sessionKey }));
  }
  if (options.isDryRun === true) return outcomes;
  await insertMessages(tx, rows, next);
  await tellParts(tx, parts);
  const isNew = new Set(outcomes.filter(({ action }) => action === "created").map(({ ref }) => ref));
  await noteKept(
    tx,
    records.filter(({ ref }) => isNew.has(ref)),
    options,
  );
  return outcomes;
}

async function lockSessions(tx: KernelTransaction, keys: string[]): Promise<Map<string, number>> {
  const rows = await tx.query<{ key: string; nextSeq: number }>(
    `select key, next_seq as "nextSeq" from memory.session where key = any($1) order by key for update`,
    [keys],
  );
  return new Map(rows.map(({ key, nextSeq }) => [key, nextSeq]));
}

async function placesOf(tx: KernelTransaction, ids: string[]): Promise<Map<string, Place>> {
  const rows = await tx.query<Place & { id: string }>(
    `select id, seq, turn_seq as "turnSeq" from memory.message where id = any($1::uuid[])`,
    [[...new Set(ids)]],
  );
  return new Map(rows.map(({ id, seq, turnSeq }) => [id, { seq, turnSeq }]));
}

async function insertMessages(
  tx: KernelTransaction,
  rows: readonly object[],
  next: ReadonlyMap<string, number>,
): Promise<void> {
  if (rows.length === 0) return;
  await tx.query(
    `insert into memory.message (session_key, seq, id, turn_seq, place, role, text, content, run_id, source, is_rehearsed, through_turn, is_stale,
       is_taken_back, labels, created_at)
     select session_key, seq, id, turn_seq, place, role, text, content, run_id, source, is_rehearsed, through_turn, is_stale, is_taken_back, labels, created_at
     from jsonb_to_recordset($1::jsonb) as r(session_key text, seq bigint, id uuid, turn_seq bigint, place smallint, role text, text text, content jsonb,
       run_id uuid, source text, is_rehearsed boolean, through_turn bigint, is_stale boolean, is_taken_back boolean, labels integer, created_at timestamptz)`,
    [JSON.stringify(rows)],
  );
  await tx.query(
    `update memory.session s set next_seq = n.next,
       last_message_at = greatest(s.last_message_at, (select max(m.created_at) from memory.message m where m.session_key = s.key and m.seq >= s.next_seq))
     from jsonb_each_text($1::jsonb) as e(key, value), lateral (select e.value::bigint as next) n where s.key = e.key and s.next_seq < n.next`,
    [JSON.stringify(Object.fromEntries(next))],
  );
}

/** What has no place here is kept as it was. Of records without such fields nothing is noted: their ids say that they came. */
async function noteKept(tx: KernelTransaction, records: readonly HomeRecord[], { source }: ImportTerms): Promise<void> {
  await saveImported(
    tx,
    source,
    records.flatMap((record) => {
      const kept = "kept" in record ? record.kept : undefined;
      if (kept == null || Object.keys(kept).length === 0) return [];
      const place = record.kind === "message" ? record.id : record.kind === "session" ? record.key : null;
      return [{ ref: record.ref, kind: record.kind, sha256: hashOfRecord(record), place, kept: kept as JsonObject }];
    }),
  );
}

/** What has no place here at all: kept by its name there. */
export async function importKept(
  tx: KernelTransaction,
  records: readonly HomeRecordOf<"kept">[],
  { source }: ImportTerms,
): Promise<ImportOutcome[]> {
  const known = await readImported(
    tx,
    source,
    records.map(({ ref }) => ref),
  );
  const rows = records.map((record) => ({ record, sha256: hashOfRecord(record) }));
  await saveImported(
    tx,
    source,
    rows
      .filter(({ record, sha256 }) => known.get(record.ref)?.sha256 !== sha256)
      .map(({ record, sha256 }) => ({
        ref: record.ref,
        kind: record.kind,
        sha256,
        place: null,
        kept: { what: record.what, record: record.record } as JsonObject,
      })),
  );
  return rows.map(({ record, sha256 }) => {
    const before = known.get(record.ref)?.sha256;
    return outcomeOf(record, before === undefined ? "created" : before === sha256 ? "same" : "changed");
  });
}
