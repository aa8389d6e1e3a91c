/** Events of one session and of its runs as they come. */
import { advanceOffsets, tailPages, type Kernel, type OffsetVector, type StoredEvent } from "@roost/kernel";
import { isTerminal } from "./is-terminal.ts";

export interface SessionEvent {
  kind: "event";
  event: StoredEvent;
  /** The place behind it. */
  offsets: OffsetVector;
}

export interface FollowSession {
  topics: readonly string[];
  sessionKey: string;
  /** Runs that are known to be of the session; kept up to date here. */
  runIds: Set<string>;
  after: OffsetVector;
  signal: AbortSignal;
}

/** Every event once. Ends only by its signal. */
export async function* followSession(
  kernel: Kernel,
  { topics, sessionKey, runIds, after, signal }: FollowSession,
): AsyncGenerator<SessionEvent, void> {
  let offsets = after;
  for await (const page of tailPages(kernel, { topics, after: offsets, signal })) {
    for (const event of page.events) {
      offsets = advanceOffsets(offsets, event);
      const runId = event.data["runId"];
      const isOfSession = event.subject === sessionKey || event.data["sessionKey"] === sessionKey;
      if (isOfSession && event.type === "run.created" && event.subject !== null) runIds.add(event.subject);
      // What the home is told, its main session is told.
      const isNotice = event.topic === "notices" && sessionKey === "main";
      if (isOfSession || isNotice || (typeof runId === "string" && runIds.has(runId)))
        yield { kind: "event", event, offsets };
      if (isTerminal(event.type) && event.subject !== null) runIds.delete(event.subject);
    }
    offsets = page.offsets;
  }
}
