/** Sessions: list, read, send to, watch. */
import { numberPlace, placeOf, serve, type Served, textPlace, toPage } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import { checkNames, type KnownNames } from "@roost/jobs";
import { type Kernel, listRuns, type RunHead } from "@roost/kernel";
import {
  compactSession,
  createSession,
  getSession,
  listSessions,
  readTranscript,
  refuseUnknownSession,
  resetSession,
  rewindSession,
  sendMessage,
  type Memory,
} from "@roost/memory";
import { toMessageRecord, toSessionRecord } from "../records/to-session.ts";
import { kindsShownTo, requireSessions } from "../security/may-see-main.ts";
import { watchSession } from "./watch-session.ts";

export interface ServeSessionsOptions {
  kernel: Kernel;
  memory: Memory;
  known: KnownNames;
}

export function serveSessions({ kernel, memory, known }: ServeSessionsOptions): Served[] {
  return [
    serve(operations.listSessions, async ({ limit, after, keys, kind }, { principal }) => {
      const page = await listSessions(memory, {
        limit,
        after: placeOf(textPlace, after),
        keys,
        kinds: kindsShownTo(principal, kind),
      });
      const sessions = await Promise.all(
        page.sessions.map(async (session) => toSessionRecord(session, await readLiveRuns(kernel, session.key))),
      );
      return toPage(sessions, page.next);
    }),

    serve(operations.getSession, async ({ sessionKey, limit, after }, { principal }) => {
      requireSessions(principal, [sessionKey], operations.getSession);
      const session = (await getSession(memory, sessionKey)) ?? (await refuseUnknownSession(memory, sessionKey));
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

    serve(operations.createSession, async ({ sessionKey, agent, title }, { principal }) => {
      const key = sessionKey ?? `talk-${kernel.createId().slice(-8)}`;
      requireSessions(principal, [key], operations.createSession);
      await checkNames("The session", { agent }, known);
      return { session: toSessionRecord(await createSession(memory, { key, agent, title }), []) };
    }),

    serve(operations.resetSession, async ({ sessionKey }, { principal }) => {
      requireSessions(principal, [sessionKey], operations.resetSession);
      return { session: toSessionRecord(await resetSession(memory, sessionKey, { by: principal.id }), []) };
    }),

    serve(operations.rewindSession, async ({ sessionKey, turns, toSeq }, { principal }) => {
      requireSessions(principal, [sessionKey], operations.rewindSession);
      const rewind = { turnCount: turns, toSeq, by: principal.id };
      const { session, ...taken } = await rewindSession(memory, sessionKey, rewind);
      return { session: toSessionRecord(session, []), ...taken };
    }),

    serve(operations.compactSession, async ({ sessionKey }, { principal }) => {
      requireSessions(principal, [sessionKey], operations.compactSession);
      return compactSession(memory, sessionKey);
    }),

    serve(operations.sendMessage, async ({ sessionKey, text, parts, agent, source, idempotencyKey }, call) => {
      requireSessions(call.principal, [sessionKey], operations.sendMessage);
      await checkNames("The message", { agent }, known);
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
