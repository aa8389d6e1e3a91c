/** Streams what a whole screen shows: every event, the text of models that answer in its sessions, and what the programs of its runs print. */
import { isPlace, requireScope, type Handler, type StreamItem, type StreamPlace } from "@roost/contract";
import {
  watchRun,
  watchSession,
  type Event,
  type HomeUpdate,
  type watchHome as operation,
} from "@roost/contract/operations";
import { listRuns, type Kernel } from "@roost/kernel";
import { createRunTexts, type RunText } from "../streams/create-run-texts.ts";
import { mayBeHeldUp } from "../streams/create-hold-ups.ts";
import { isTerminal } from "../streams/is-terminal.ts";
import { mergeStreams } from "../streams/merge-streams.ts";
import { requireSessions } from "../security/may-see-main.ts";
import { tailHome } from "./tail-events.ts";

/** Of a session, that may be running. */
const runsKnownMax = 50;

export function watchHome(kernel: Kernel): Handler<typeof operation> {
  return async ({ sessions = [], runs = [], after }, { principal, signal }) => {
    // Their texts are theirs, whichever stream brings them.
    if (sessions.length > 0) requireScope(principal, watchSession.access.scope, watchSession.id);
    requireSessions(principal, sessions, watchSession);
    if (runs.length > 0) requireScope(principal, watchRun.access.scope, watchRun.id);
    const over = new AbortController();
    const both = AbortSignal.any([signal, over.signal]);
    const events = await tailHome(kernel, { after, signal: both });
    return watch(kernel, { sessions: new Set(sessions), runs: new Set(runs), events, over, signal: both });
  };
}

interface Watched {
  sessions: ReadonlySet<string>;
  runs: ReadonlySet<string>;
  events: AsyncGenerator<StreamItem<Event> | StreamPlace, void>;
  over: AbortController;
  signal: AbortSignal;
}

async function* watch(
  kernel: Kernel,
  { sessions, runs, events, over, signal }: Watched,
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
    // One that has ended, or is none, says nothing.
    for (const runId of runs) texts.begin(runId);
    for await (const item of mergeStreams<StreamItem<Event> | StreamPlace | RunText>([events], texts.added)) {
      if ("runId" in item) {
        const data = toUpdate(item, { sessionKey: sessionOf.get(item.runId), isShown: runs.has(item.runId) });
        if (data !== undefined) yield { event: data.kind, data };
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

/** Undefined: neither the session nor the run asks for it. */
function toUpdate(
  item: RunText,
  { sessionKey, isShown }: { sessionKey: string | undefined; isShown: boolean },
): HomeUpdate | undefined {
  const { runId, text } = item;
  if (item.kind === "output") return isShown ? { kind: item.kind, runId, step: item.step, text } : undefined;
  return sessionKey === undefined ? undefined : { kind: item.kind, sessionKey, runId, text };
}

// tidy: only a saving: all streams of a process show the same events.
const updates = new WeakMap<Event, HomeUpdate>();

function updateOf(event: Event): HomeUpdate {
  const update = updates.get(event) ?? { kind: "event", event };
  updates.set(event, update);
  return update;
}
