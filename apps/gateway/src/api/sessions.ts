/** Sessions: list, read, send to, watch. */
import { RoostError } from "@roost/base";
import { serve, type Served } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import { type Kernel, listRuns, type RunHead } from "@roost/kernel";
import { getSession, listSessions, readTranscript, sendMessage, type Memory } from "@roost/memory";
import { numberPlace, placeOf, textPlace, toPage } from "../records/page.ts";
import { toMessageRecord, toSessionRecord } from "../records/to-session.ts";
import { watchSession } from "./watch-session.ts";

export function serveSessions({ kernel, memory }: { kernel: Kernel; memory: Memory }): Served[] {
  return [
    serve(operations.listSessions, async ({ limit, after, keys, kind }) => {
      const page = await listSessions(memory, {
        limit,
        after: placeOf(textPlace, after),
        keys,
        kind,
      });
      const sessions = await Promise.all(
        page.sessions.map(async (session) => toSessionRecord(session, await readLiveRuns(kernel, session.key))),
      );
      return toPage(sessions, page.next);
    }),

    serve(operations.getSession, async ({ sessionKey, limit, after }) => {
      const session = await getSession(memory, sessionKey);
      if (session === undefined)
        throw new RoostError("not_found", `There is no session "${sessionKey}": check the list of sessions`);
      const [page, live] = await Promise.all([
        readTranscript(memory, sessionKey, {
          limit,
          before: placeOf(numberPlace, after),
        }),
        readLiveRuns(kernel, sessionKey),
      ]);
      return {
        session: toSessionRecord(session, live),
        messages: toPage(page.messages.map(toMessageRecord), page.next),
      };
    }),

    serve(operations.sendMessage, ({ sessionKey, text, parts, agent, source, idempotencyKey }, call) => {
      const key = idempotencyKey ?? call.idempotencyKey;
      return sendMessage(memory, {
        sessionKey,
        text,
        parts,
        source,
        agent,
        idempotencyKey: key,
        traceparent: call.traceparent,
      });
    }),

    serve(operations.watchSession, watchSession(kernel, memory)),
  ];
}

const liveMax = 200;

/** Unfinished runs of a session, oldest first. */
async function readLiveRuns(kernel: Kernel, sessionKey: string): Promise<RunHead[]> {
  const states = ["ready", "queued", "running", "waiting"] as const;
  return (await listRuns(kernel, { sessionKey, states: [...states], limit: liveMax })).toReversed();
}
