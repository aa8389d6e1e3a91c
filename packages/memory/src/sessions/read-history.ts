/**
 * The conversation before a turn, as a model gets it: the last summary, then every turn after it. What is too long for a context says so, and is
 * summarised before the model answers. Only what is too long to be read at once is left out, oldest turns first, and a remark stands in its place.
 */
import { byRoost } from "@roost/agent";
import {
  covers,
  formatLabels,
  isUntrusted,
  joinLabels,
  openLabels,
  type Clearance,
  type Labels,
} from "@roost/contract/labels";
import { correctText, noteOfAnswer, noteOfCorrections, type Correction } from "../facts/corrections.ts";
import type { Memory } from "../memory.ts";
import { clearanceOf } from "../visibility/clearance.ts";
import type { Viewer } from "../visibility/viewer.ts";
import type { ContextMessage } from "./message.ts";
import type { SessionRow } from "./session.ts";
import { withSpeaker } from "./with-speaker.ts";

export interface History {
  messages: ContextMessage[];
  /** The turns that they are, behind a summary if there is one. */
  turns: { seq: number; messageCount: number; labels: string[] }[];
  /** It is to be summarised before anything else. */
  isLong: boolean;
  /** Of all of them, joined. */
  labels: Labels;
}

export const noHistory: History = { messages: [], turns: [], isLong: false, labels: openLabels };

export const historyLimits = {
  /** A longer conversation is summarised, though a model may take more. */
  charsMax: 200_000,
  rowsMax: 2_000,
  /** What a step records; a conversation that no model could summarise for so long is shortened evenly. */
  charsKeptMax: 800_000,
  rowsReadMax: 50_000,
  /** Of whole turns, the newest always: more than the longest tool results of a conversation that needs no summary yet. */
  bytesReadMax: 16_000_000,
} as const;
const { rowsReadMax, bytesReadMax } = historyLimits;
/** Tool results are long and soon outdated: earlier turns keep only their beginning. */
const toolTextCharsMax = 2_000;

export interface HistoryQuery {
  viewer: Viewer;
  beforeTurn: number;
  /** What does not hold any more. */
  corrections?: readonly Correction[];
}

export async function readHistory(
  memory: Memory,
  session: SessionRow,
  { viewer, beforeTurn, corrections = [] }: HistoryQuery,
): Promise<History> {
  // One list for all messages: the index of stale lines is kept by the list.
  let madeOnce: readonly Correction[] | undefined;
  const inJson = () => (madeOnce ??= corrections.map(asJson));
  const corrected = (row: LabelledRow) => ({ ...row, content: correctMessage(row, corrections, inJson) });
  const read = await readRows(memory, session, { beforeTurn, usesSummary: true });
  const clearance = clearanceOf(viewer);
  const summary = read.rows.findLast(({ throughTurn }) => throughTurn !== null);
  const maySee = (row: LabelledRow) => covers(ofConversation(clearance, viewer, row), row.labels);
  // A summary that this agent may not read stands for turns that it may.
  const { rows, isCut } =
    summary === undefined || maySee(summary)
      ? read
      : await readRows(memory, session, { beforeTurn, usesSummary: false });
  const seen = rows.filter((row) => row.throughTurn === null && maySee(row)).map(corrected);
  const turns = groupByTurn(seen).map((turn) => ({
    seq: turn[0]!.turnSeq,
    messages: asTold(turn, viewer),
    labels: joinLabels(...turn.map((row) => row.labels)),
  }));
  const shown = summary !== undefined && maySee(summary) ? [corrected(summary)] : [];
  const chars = turns.flatMap(({ messages }) => messages).reduce((sum, { text }) => sum + text.length, 0);
  const fit = fitter(chars);
  const remarks = isCut ? turns.slice(0, 1).map(({ seq }) => leftOutBefore(seq)) : [];
  return {
    messages: [
      ...shown.map(({ content, labels }) => ({ ...content, labels: formatLabels(labels) })),
      ...remarks,
      ...turns.flatMap(({ messages }) => messages.map(fit)),
    ],
    turns: turns.map(({ seq, messages, labels }, index) => ({
      seq,
      // The remark goes with the first turn.
      messageCount: messages.length + (index === 0 ? remarks.length : 0),
      labels: formatLabels(labels),
    })),
    isLong: chars > historyLimits.charsMax || rows.length > historyLimits.rowsMax || isCut,
    labels: joinLabels(...shown.map(({ labels }) => labels), ...turns.map(({ labels }) => labels)),
  };
}

function leftOutBefore(seq: number): ContextMessage {
  const text = `[Roost] What stands before message ${seq} of this conversation is left out here: it is too long to be read at once`;
  return { role: "user", text, from: byRoost };
}

interface HistoryRow {
  turnSeq: number;
  place: number;
  content: ContextMessage;
  throughTurn: number | null;
  runId: string | null;
  labels: number;
}

type LabelledRow = Omit<HistoryRow, "labels"> & { labels: Labels };

/** Newest first; the summary last. What a person took back is left out, what Roost told in it is not. `isCut`: there are older turns. */
async function readRows(
  { kernel }: Memory,
  session: SessionRow,
  { beforeTurn, usesSummary }: { beforeTurn: number; usesSummary: boolean },
): Promise<{ rows: LabelledRow[]; isCut: boolean }> {
  const rows = await kernel.database.query<HistoryRow & { firstTurn: number | null }>(
    `with summary as materialized (
       select content, labels, through_turn from memory.message
       where session_key = $1 and $5 and through_turn >= $3 and through_turn < $2 and not is_taken_back and not is_stale
       order by through_turn desc, seq desc limit 1),
     turns as materialized (
      select turn_seq, place, seq, content, run_id, labels, dense_rank() over newest as rank, sum(octet_length(content::text)) over newest as bytes
      from memory.message
      where session_key = $1 and turn_seq < $2 and turn_seq >= $3 and turn_seq > coalesce((select through_turn from summary), 0)
        and through_turn is null and not is_rehearsed and not is_taken_back
      window newest as (order by turn_seq desc)
      order by turn_seq desc, place desc, seq desc limit $4)
     (select turn_seq as "turnSeq", place, content, null::bigint as "throughTurn", run_id as "runId", labels, (select min(turn_seq) from turns) as "firstTurn"
      from turns where bytes <= $6 or rank = 1 order by turn_seq desc, place desc, seq desc)
     union all select 0, ${answeredPlace}, content, through_turn, null, labels, null from summary`,
    [session.key, beforeTurn, session.beginsAt, rowsReadMax, usesSummary, bytesReadMax],
    { name: "memory_read_history" },
  );
  const oldest = rows.findLast((row) => row.throughTurn === null);
  const isCut = rows.length >= rowsReadMax || (oldest !== undefined && oldest.firstTurn !== oldest.turnSeq);
  const read = (number: number) => kernel.labelSets.read(kernel.database, number);
  const labelled = rows.map(async ({ firstTurn: _inAll, ...row }) => ({
    ...row,
    content: withSpeaker(row.content, row.place === toldPlace ? "told" : "asked"),
    labels: await read(row.labels),
  }));
  return { rows: await Promise.all(labelled), isCut };
}

/** What a person and an agent said to each other both know, however little else the agent may; what Roost told it is not part of that. */
function ofConversation(clearance: Clearance, { kind }: Viewer, { place }: LabelledRow): Clearance {
  return clearance === "all" || kind !== "main" || place === toldPlace ? clearance : [...clearance, "main"];
}

/** Groups rows in reverse order into turns, oldest first, each in its own order. */
function groupByTurn(rows: LabelledRow[]): LabelledRow[][] {
  const turns: LabelledRow[][] = [];
  for (const row of rows) {
    const last = turns.at(-1);
    if (last?.[0]?.turnSeq === row.turnSeq) last.unshift(row);
    else turns.push([row]);
  }
  return turns.toReversed();
}

/** What a person and a model said keeps its words, with a note; what Roost wrote, or a tool gave, has what holds now. */
function correctMessage(
  { content, place, runId }: LabelledRow,
  corrections: readonly Correction[],
  inJson: () => readonly Correction[],
): ContextMessage {
  if (corrections.length === 0) return content;
  if (place === toldPlace || content.role === "tool" || content.role === "summary")
    return { ...content, text: correctText(content.text, corrections, runId) };
  const isAnswer = content.role === "assistant" && content.text !== "";
  const note = (isAnswer ? noteOfAnswer : noteOfCorrections)(content.text, corrections, runId);
  const text = note === undefined ? content.text : `${content.text}\n${note}`;
  if (content.role !== "assistant") return { ...content, text };
  const { reasoning, toolCalls, ...rest } = content;
  // A provider checks what it has signed: what says the old value is left out as a whole.
  const kept = reasoning?.filter((each) => noteOfAnswer(each.text, corrections, runId) === undefined);
  return {
    ...rest,
    text,
    ...(kept !== undefined && kept.length > 0 && { reasoning: kept }),
    ...(toolCalls !== undefined && {
      toolCalls: toolCalls.map((call) => ({
        ...call,
        argumentsText: correctText(call.argumentsText, inJson(), runId),
      })),
    }),
  };
}

/** A value as it stands within a text of JSON. */
function asJson(correction: Correction): Correction {
  const escaped = (text: string | null) => text && JSON.stringify(text).slice(1, -1);
  return { ...correction, wrong: escaped(correction.wrong)!, right: escaped(correction.right) };
}

function fitter(chars: number): (message: ContextMessage) => ContextMessage {
  if (chars <= historyLimits.charsKeptMax) return (message) => message;
  const share = historyLimits.charsKeptMax / chars;
  return (message) => cut(message, Math.floor(message.text.length * share));
}

const toldPlace = 0;
const answeredPlace = 2;

/**
 * An earlier turn as a model gets it again. What a model said after reading outside content may repeat it: it comes back as attributed material,
 * not as the model's own words. In a channel everything is from outside, and there is nothing to reach from it.
 */
function asTold(turn: LabelledRow[], viewer: Viewer): ContextMessage[] {
  const answers = turn.filter((row) => row.place === answeredPlace);
  const marked = answers.filter((row) => isUntrusted(row.labels));
  if (marked.length === 0 || viewer.kind === "channel") return turn.map((row) => shortened(row.content));
  const told: ContextMessage = {
    role: "user",
    text: answers.map(({ content }) => retold(shortened(content))).join("\n"),
    isUntrusted: true,
    from: `an earlier turn of yours with content from ${joinLabels(...marked.map((row) => row.labels)).sources.join(" ") || "outside"}`,
  };
  return [...turn.filter((row) => row.place !== answeredPlace).map((row) => shortened(row.content)), told];
}

function retold(message: ContextMessage): string {
  if (message.role === "tool") return `[answer of ${message.toolName}] ${message.text}`;
  if (message.role !== "assistant") return message.text;
  const calls = (message.toolCalls ?? []).map(
    ({ toolName, argumentsText }) =>
      `[you called ${toolName} ${argumentsText.slice(0, toolTextCharsMax).toWellFormed()}]`,
  );
  return [...(message.text === "" ? [] : [`[you] ${message.text}`]), ...calls].join("\n");
}

function shortened(message: ContextMessage): ContextMessage {
  return message.role === "tool" ? cut(message, toolTextCharsMax) : message;
}

function cut(message: ContextMessage, charsMax: number): ContextMessage {
  if (message.text.length <= charsMax) return message;
  const cutChars = message.text.length - charsMax;
  return {
    ...message,
    text: `${message.text.slice(0, charsMax).toWellFormed()}\n[${cutChars} more characters of an earlier turn]`,
  };
}
