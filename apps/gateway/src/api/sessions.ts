/** Sessions: list, read, talk to, watch. */
import { RoostError } from "@roost/base";
import { serve, type Served } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import type { Kernel } from "@roost/kernel";
import { getSession, listSessions, readTranscript, sendMessage, type Memory } from "@roost/memory";
import { readLiveRuns } from "../records/read-live-runs.ts";
import { requireCursor } from "../records/require-cursor.ts";
import { toMessageRecord, toSessionRecord } from "../records/to-session.ts";
import { watchSession } from "./watch-session.ts";

export function serveSessions({ kernel, memory }: { kernel: Kernel; memory: Memory }): Served[] {
  return [
    serve(operations.listSessions, async ({ limit, after, kind }) => {
      const page = await listSessions(memory, {
        limit,
        ...(after === undefined ? {} : { after }),
        ...(kind === undefined ? {} : { kind }),
      });
      const sessions = await Promise.all(
        page.sessions.map(async (session) => toSessionRecord(session, await readLiveRuns(kernel, session.key))),
      );
      return { sessions, next: page.next };
    }),

    serve(operations.getSession, async ({ sessionKey, limit, after }) => {
      const session = await getSession(memory, sessionKey);
      if (session === undefined)
        throw new RoostError("not_found", `There is no session "${sessionKey}": look at the list of sessions`);
      const [page, live] = await Promise.all([
        readTranscript(memory, sessionKey, {
          limit,
          ...(after === undefined ? {} : { before: Number(requireCursor("number", after)) }),
        }),
        readLiveRuns(kernel, sessionKey),
      ]);
      return {
        session: toSessionRecord(session, live),
        messages: page.messages.map(toMessageRecord),
        next: page.next === null ? null : String(page.next),
      };
    }),

    serve(operations.sendMessage, ({ sessionKey, text, agent, source, idempotencyKey }, call) => {
      const key = idempotencyKey ?? call.idempotencyKey;
      return sendMessage(memory, {
        sessionKey,
        text,
        source,
        ...(agent === undefined ? {} : { agent }),
        ...(key === undefined ? {} : { idempotencyKey: key }),
        ...(call.traceparent === undefined ? {} : { traceparent: call.traceparent }),
      });
    }),

    serve(operations.watchSession, watchSession(kernel, memory)),
  ];
}
