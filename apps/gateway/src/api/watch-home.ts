/** Streams what a whole screen shows: every event, and the text of models that answer in its sessions. */
import { isPlace, requireScope, type Handler, type StreamItem, type StreamPlace } from "@roost/contract";
import { watchSession, type Event, type HomeUpdate, type watchHome as operation } from "@roost/contract/operations";
import { listRuns, type Kernel } from "@roost/kernel";
import { createRunTexts, type RunText } from "../streams/create-run-texts.ts";
import { mayBeHeldUp } from "../streams/follow-hold-up.ts";
import { isTerminal } from "../streams/is-terminal.ts";
import { mergeStreams } from "../streams/merge-streams.ts";
import { requireSessions } from "../security/may-see-main.ts";
import { tailHome } from "./tail-events.ts";

/** Of a session, that may be running. */
const runsKnownMax = 50;

export function watchHome(kernel: Kernel): Handler<typeof operation> {
  return async ({ sessions = [], after }, { principal, signal }) => {
    // Their texts are theirs, whichever stream brings them.
    if (sessions.length > 0) requireScope(principal, watchSession.access.scope, watchSession.id);
    requireSessions(principal, sessions, watchSession);
    const over = new AbortController();
    const both = AbortSignal.any([signal, over.signal]);
    const events = await tailHome(kernel, { after, signal: both });
    return watch(kernel, { sessions: new Set(sessions), events, over, signal: both });
  };
}

interface Watched {
  sessions: ReadonlySet<string>;
  events: AsyncGenerator<StreamItem<Event> | StreamPlace, void>;
  over: AbortController;
  signal: AbortSignal;
}

async function* watch(
  kernel: Kernel,
  { sessions, events, over, signal }: Watched,
): AsyncGenerator<StreamItem<HomeUpdate> | StreamPlace> {
  const sessionOf = new Map<string, string>();
  const texts = createRunTexts(kernel, signal);
  const begin = (runId: string, sessionKey: string) => {
    sessionOf.set(runId, sessionKey);
    texts.begin(runId);
  };
  const look = (runId: string, sessionKey: string) => {
    sessionOf.set(runId, sessionKey);
    texts.look(runId);
  };
  try {
    for (const sessionKey of sessions)
      for (const run of await listRuns(kernel, { sessionKey, limit: runsKnownMax }))
        if (run.state === "running") begin(run.id, sessionKey);
        else if (run.endedAt === null) look(run.id, sessionKey);
    for await (const item of mergeStreams<StreamItem<Event> | StreamPlace | RunText>([events], texts.added)) {
      if ("runId" in item) {
        const { kind, runId, text } = item;
        yield { event: kind, data: { kind, sessionKey: sessionOf.get(runId) ?? "", runId, text } };
        continue;
      }
      if (isPlace(item)) {
        yield item;
        continue;
      }
      const event = item.data;
      const { type, subject } = event;
      const sessionKey = event.data["sessionKey"];
      if (subject !== null && typeof sessionKey === "string" && sessions.has(sessionKey)) {
        if (type === "run.started") begin(subject, sessionKey);
        else if (mayBeHeldUp(event)) look(subject, sessionKey);
      }
      yield { id: item.id, event: "event", data: updateOf(event) };
      if (subject !== null && isTerminal(type)) {
        texts.end(subject);
        sessionOf.delete(subject);
      }
    }
  } finally {
    over.abort();
  }
}

// tidy: only a saving: all streams of a process show the same events.
const updates = new WeakMap<Event, HomeUpdate>();

function updateOf(event: Event): HomeUpdate {
  const update = updates.get(event) ?? { kind: "event", event };
  updates.set(event, update);
  return update;
}
