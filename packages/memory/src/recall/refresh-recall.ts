/**
 * Brings what recall searches up to date: files by their recorded version, conversations by their messages, events by the log's offsets. What is
 * already there is not read again. A recall refreshes first, a loop of the scheduler does so beside it.
 */
import { joinLabels, openLabels, parseLabels } from "@roost/contract/labels";
import { formatOffsets, parseOffsets, readLog, type KernelTransaction, type SchedulerLoop } from "@roost/kernel";
import { describeEvent, digestTypes } from "../digest/digest-item.ts";
import { textOf } from "../disk/read-disk-file.ts";
import { factColumns, openSql, type FactRow } from "../facts/fact.ts";
import type { Memory } from "../memory.ts";
import { labelsOfLines } from "../records/line-marks.ts";
import { loadMarks, type StoredMarks } from "../records/stored-marks.ts";
import { classifyPath, type HomeFileClass } from "../visibility/home-file-class.ts";
import { placedAt } from "../visibility/placed-at.ts";
import { dropDocuments, indexDocument, lockIndex, type IndexedLine } from "./index-document.ts";
import { splitLong, splitMarkdown } from "./split-markdown.ts";

/** Read in one transaction. */
const filesMax = 50;
const messagesMax = 500;
const eventsMax = 500;

/** Settings, definitions and states change by the minute, and have tools of their own. */
const isFound: Record<HomeFileClass, boolean> = {
  agents: true,
  soul: true,
  identity: true,
  user: true,
  tools: true,
  memory: true,
  heartbeat: false,
  note: true,
  state: false,
  skill: true,
  job: false,
  work: true,
  settings: false,
  service: false,
  serviceSkill: false,
  other: true,
};
const textFile = /\.(?:md|markdown|txt|text|org|rst|csv)$/i;

/** Files and what is said are told by their own lines. */
const eventTypes = digestTypes.filter((type) => /^(?:run\.(?:done|failed)|notice|question)/.test(type));
const eventsRef = "log";

/** True: there is more to read than one pass takes. False when nothing is left, or another process is reading. */
export async function refreshRecall(memory: Memory): Promise<boolean> {
  return memory.kernel.transact(async (tx) => {
    if (!(await lockIndex(tx))) return false;
    const passes = [
      await refreshFiles(memory, tx),
      await refreshConversations(memory, tx),
      await refreshFacts(memory, tx),
      await refreshEvents(memory, tx),
    ];
    return passes.includes(true);
  });
}

interface ChangedFile extends StoredMarks {
  path: string;
  sha256: string;
  eventId: string;
  modifiedAt: Date;
}

async function refreshFiles(memory: Memory, tx: KernelTransaction): Promise<boolean> {
  const gone = await tx.query<{ ref: string }>(
    `select ref from memory.recall_document where kind = 'file' and not exists (
       select 1 from memory.file f where f.path = ref and f.sha256 is not null) limit ${filesMax}`,
    [],
    { name: "memory_recall_gone" },
  );
  if (gone.length > 0) await dropDocuments(tx, "file", refsOf(gone));
  const changed = await tx.query<ChangedFile>(
    `select f.path, f.sha256, f.event_id as "eventId", f.modified_at as "modifiedAt", f.labels, f.sections from memory.file f
     left join memory.recall_document d on d.kind = 'file' and d.ref = f.path
     where f.sha256 is not null and f.event_id <> 'state' and d.version is distinct from f.event_id order by f.path limit ${filesMax}`,
    [],
    { name: "memory_recall_changed" },
  );
  for (const file of changed) {
    const lines = await linesOfFile(memory, tx, file);
    await indexDocument(
      tx,
      { kind: "file", ref: file.path, version: file.eventId, lines, isReplaced: true },
      memory.calendar,
    );
  }
  return changed.length === filesMax || gone.length === filesMax;
}

async function linesOfFile(memory: Memory, tx: KernelTransaction, file: ChangedFile): Promise<IndexedLine[]> {
  const { path, sha256 } = file;
  if (!isFound[classifyPath(path).class] || !textFile.test(path)) return [];
  const bytes = await memory.versions.get(sha256);
  const text = bytes && textOf(Buffer.from(bytes));
  if (text === undefined) return [];
  const marks = await loadMarks(memory, tx, file, text);
  const day = /^memory\/(\d{4}-\d{2}-\d{2})/.exec(path)?.[1];
  const noon = day === undefined ? NaN : Date.parse(`${day}T12:00:00Z`);
  const at = Number.isNaN(noon) ? file.modifiedAt : new Date(noon);
  return splitMarkdown(text).map((piece) => ({
    ref: String(piece.from),
    at,
    text: piece.text,
    heading: [path.replaceAll(/[/._-]/g, " "), piece.heading].join(" "),
    labels: placedAt(path, labelsOfLines(marks, piece)),
  }));
}

interface SaidMessage {
  id: string;
  seq: number;
  role: "user" | "assistant";
  text: string;
  labels: number;
  createdAt: Date;
}

async function refreshConversations(memory: Memory, tx: KernelTransaction): Promise<boolean> {
  const sessions = await tx.query<{ key: string; from: number }>(
    `select s.key, coalesce(d.version::bigint, 1) as "from" from memory.session s
     left join memory.recall_document d on d.kind = 'conversation' and d.ref = s.key
     where s.next_seq > coalesce(d.version::bigint, 1) order by s.last_message_at desc nulls last limit ${filesMax}`,
    [],
    { name: "memory_recall_sessions" },
  );
  let left = messagesMax;
  for (const { key, from } of sessions) {
    if (left <= 0) break;
    const messages = await tx.query<SaidMessage & { isSaid: boolean }>(
      `select id, seq, role, text, labels, created_at as "createdAt",
         role in ('user', 'assistant') and place > 0 and through_turn is null and not is_rehearsed and text <> '' as "isSaid"
       from memory.message where session_key = $1 and seq >= $2 order by seq limit $3`,
      [key, from, left],
      { name: "memory_recall_messages" },
    );
    left -= messages.length;
    const next = messages.at(-1)?.seq ?? from;
    const lines: IndexedLine[] = [];
    for (const message of messages) if (message.isSaid) lines.push(...(await linesOfMessage(memory, tx, message)));
    await indexDocument(tx, { kind: "conversation", ref: key, version: String(next + 1), lines }, memory.calendar);
  }
  return sessions.length === filesMax || left <= 0;
}

async function linesOfMessage({ kernel }: Memory, tx: KernelTransaction, message: SaidMessage): Promise<IndexedLine[]> {
  const labels = await kernel.labelSets.read(tx, message.labels);
  const saidBy = message.role === "user" ? "person" : "agent";
  return splitLong(message.text).map((text) => ({ ref: message.id, saidBy, at: message.createdAt, text, labels }));
}

/** What holds, and what is claimed: what was closed is not recalled. */
async function refreshFacts({ kernel, calendar }: Memory, tx: KernelTransaction): Promise<boolean> {
  const closed = await tx.query<{ ref: string }>(
    `select ref from memory.recall_document where kind = 'fact' and not exists (
       select 1 from memory.fact f where f.id::text = ref and ${openSql}) limit ${messagesMax}`,
    [],
    { name: "memory_recall_closed" },
  );
  if (closed.length > 0) await dropDocuments(tx, "fact", refsOf(closed));
  const facts = await tx.query<FactRow>(
    `select ${factColumns} from memory.fact f left join memory.recall_document d on d.kind = 'fact' and d.ref = f.id::text
     where ${openSql} and d.version is distinct from f.is_claim::text limit ${messagesMax}`,
    [],
    { name: "memory_recall_facts" },
  );
  for (const { id, statement, recordedAt, by, isClaim, labels } of facts) {
    const line = {
      ref: id,
      at: recordedAt,
      saidBy: by,
      text: isClaim ? `${statement} (claimed by ${by}, not accepted)` : statement,
      labels: await kernel.labelSets.read(tx, labels),
    };
    await indexDocument(
      tx,
      { kind: "fact", ref: id, version: String(isClaim), lines: [line], isReplaced: true },
      calendar,
    );
  }
  return facts.length === messagesMax;
}

function refsOf(rows: readonly { ref: string }[]): string[] {
  return rows.map(({ ref }) => ref);
}

async function refreshEvents(memory: Memory, tx: KernelTransaction): Promise<boolean> {
  const { registry } = memory.kernel;
  const told = registry.digests();
  const topics = [...new Set(["runs", "notices", ...[...told.values()].map(({ topic }) => topic)])];
  const [known] = await tx.query<{ version: string }>(
    "select version from memory.recall_document where kind = 'events' and ref = $1",
    [eventsRef],
    { name: "memory_recall_events" },
  );
  const after = parseOffsets(known?.version ?? "");
  const read = await readLog(tx, { topics, types: [...eventTypes, ...told.keys()], after, limit: eventsMax });
  const version = formatOffsets(read.offsets);
  if (version === known?.version) return false;
  const lines = registry.upcast(read.events).flatMap((event): IndexedLine[] => {
    // All of it is kept here, under its labels.
    const whole = { ...event, labels: ["trust:owner"] };
    const reader = { sessionKey: "", sessionKind: "main" as const, clearance: undefined };
    const item = describeEvent(whole, reader, told.get(event.type)?.template);
    if (item === undefined || (item.text === undefined && item.isNews === false)) return [];
    const labels = joinLabels(openLabels, parseLabels(event.labels));
    const text = [item.title, item.text].filter(Boolean).join(": ");
    return splitLong(text).map((piece) => ({ ref: event.id, at: event.time, text: piece, labels }));
  });
  await indexDocument(tx, { kind: "events", ref: eventsRef, version, lines }, memory.calendar);
  return !read.isCaughtUp;
}

/** What a scheduler does for recall, handed to runScheduler. */
export function createRecallLoop(memory: Memory): SchedulerLoop {
  return {
    name: "recall",
    channels: () => [],
    pollMs: 5 * 60_000,
    look: async () => ({ isMore: await refreshRecall(memory) }),
  };
}
