/** Streams a session: its messages, the events of its runs, and the text of active models. */
import type { Handler, StreamItem, StreamPlace } from "@roost/contract";
import { watchSession as operation, type SessionUpdate } from "@roost/contract/operations";
import { formatOffsets, getRun, listRuns, readEnd, type Kernel, type OffsetVector } from "@roost/kernel";
import { readMessage, readTranscript, type Memory, type StoredMessage } from "@roost/memory";
import { toRoostError } from "@roost/base";
import { toEventRecord } from "../records/to-event.ts";
import { toRunSummary } from "../records/to-run-summary.ts";
import { toMessageRecord } from "../records/to-session.ts";
import { followSession, type SessionEvent } from "../streams/follow-session.ts";
import { mayBeHeldUp } from "../streams/create-hold-ups.ts";
import { createRunTexts, type RunText } from "../streams/create-run-texts.ts";
import { requireSessions } from "../security/may-see-main.ts";
import { readPlace } from "./tail-events.ts";
import { isTerminal } from "../streams/is-terminal.ts";
import { mergeStreams } from "../streams/merge-streams.ts";

const topics = ["sessions", "runs", "notices"];
/** All events are sent for this many newest runs of the session, also after a reconnect. */
const runsKnownMax = 50;

export function watchSession(kernel: Kernel, memory: Memory): Handler<typeof operation> {
  return async ({ sessionKey, after, last }, { principal, signal }) => {
    requireSessions(principal, [sessionKey], operation);
    if (after !== undefined) {
      const offsets = await readPlace(kernel, topics, after);
      return watch(kernel, memory, { sessionKey, past: [], offsets, signal });
    }
    // The end is read first: a message between the two reads is then sent twice rather than never. Readers deduplicate by id.
    const offsets = await readEnd(kernel.database, topics);
    const past = last === 0 ? [] : (await readTranscript(memory, sessionKey, { limit: last })).messages;
    return watch(kernel, memory, { sessionKey, past, offsets, signal });
  };
}

interface Start {
  sessionKey: string;
  past: StoredMessage[];
  offsets: OffsetVector;
  signal: AbortSignal;
}

async function* watch(
  kernel: Kernel,
  memory: Memory,
  start: Start,
): AsyncGenerator<StreamItem<SessionUpdate> | StreamPlace> {
  const { sessionKey, offsets } = start;
  const over = new AbortController();
  const signal = AbortSignal.any([start.signal, over.signal]);
  try {
    if (start.past.length === 0) yield { id: formatOffsets(offsets) };
    for (const message of start.past)
      yield { event: "message", data: { kind: "message", message: toMessageRecord(message) } };
    const runs = await listRuns(kernel, { sessionKey, limit: runsKnownMax });
    const runIds = new Set(runs.map(({ id }) => id));
    const texts = createRunTexts(kernel, signal);
    for (const { id, state, endedAt } of runs)
      if (state === "running") texts.begin(id);
      else if (endedAt === null) texts.look(id);
    const events = followSession(kernel, { topics, sessionKey, runIds, after: offsets, signal });
    for await (const item of mergeStreams<SessionEvent | RunText>([events], texts.added)) {
      // Of what programs print a conversation has the result.
      if (item.kind === "output") continue;
      if (item.kind !== "event") {
        yield { event: item.kind, data: { kind: item.kind, runId: item.runId, text: item.text } };
        continue;
      }
      const { event } = item;
      if (event.type === "run.started" && event.subject !== null) texts.begin(event.subject);
      else if (mayBeHeldUp(event) && event.subject !== null) texts.look(event.subject);
      yield* tell(kernel, memory, sessionKey, item);
      if (isTerminal(event.type) && event.subject !== null) texts.end(event.subject);
    }
  } finally {
    over.abort();
  }
}

async function* tell(
  kernel: Kernel,
  memory: Memory,
  sessionKey: string,
  { event, offsets }: SessionEvent,
): AsyncGenerator<StreamItem<SessionUpdate>> {
  const id = formatOffsets(offsets);
  const messageId = event.data["messageId"];
  if (event.topic === "sessions" && typeof messageId === "string") {
    const message = await readMessage(memory, messageId);
    if (message !== undefined && message.sessionKey === sessionKey) {
      yield { id, event: "message", data: { kind: "message", message: toMessageRecord(message) } };
      return;
    }
  }
  const data = { kind: "event", event: toEventRecord(event) } as const;
  const run = isTerminal(event.type) ? await findRun(kernel, event.subject ?? "") : undefined;
  if (run === undefined) {
    yield { id, event: "event", data };
    return;
  }
  // The position comes with the second item: a reader cut off between the two gets both again.
  yield { event: "event", data };
  yield { id, event: "over", data: { kind: "over", run: toRunSummary(run) } };
}

/** Undefined for a run that was deleted: the log may be kept longer. */
async function findRun(kernel: Kernel, runId: string) {
  try {
    return await getRun(kernel.database, runId);
  } catch (error) {
    if (toRoostError(error).code === "not_found") return undefined;
    throw error;
  }
}
