/** Streams events of a session and its runs. */
import { advanceOffsets, tailPages, type Kernel, type OffsetVector, type StoredEvent } from "@roost/kernel";
import { isTerminal } from "./is-terminal.ts";

export interface SessionEvent {
  kind: "event";
  event: StoredEvent;
  /** The position after it. */
  offsets: OffsetVector;
}

export interface FollowSession {
  topics: readonly string[];
  sessionKey: string;
  /** Known runs of the session; updated here. */
  runIds: Set<string>;
  after: OffsetVector;
  signal: AbortSignal;
}

/** Yields every event once. Ends only by its signal. */
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
      // Notices to the home belong to its main session.
      const isNotice = event.topic === "notices" && sessionKey === "main";
      if (isOfSession || isNotice || (typeof runId === "string" && runIds.has(runId)))
        yield { kind: "event", event, offsets };
      if (isTerminal(event.type) && event.subject !== null) runIds.delete(event.subject);
    }
    offsets = page.offsets;
  }
}
