/**
 * What a person does with a conversation: begin one, begin it anew, take turns back, have it summarised. The transcript and the log keep
 * everything; only what agents read of it changes. None of it while a turn is asked for or answered, or a job's run beside it goes on.
 */
import { byRoost } from "@roost/agent";
import { createId, nearestName, RoostError } from "@roost/base";
import { formatLabels } from "@roost/contract/labels";
import { createRun, firstLabels, type KernelTransaction } from "@roost/kernel";
import type { Memory } from "../memory.ts";
import { addMessages } from "./message.ts";
import {
  checkSessionKey,
  kindOfSession,
  readSession,
  sessionColumns,
  type Session,
  type SessionRow,
} from "./session.ts";

/** @throws RoostError `conflict` when there is one of this key, `invalid_input` for a key of another kind */
export async function createSession(
  memory: Memory,
  { key, agent = "main", title }: { key: string; agent?: string | undefined; title?: string | undefined },
): Promise<Session> {
  const kind = kindOfSession(key);
  checkSessionKey(key);
  if (kind !== "main" && kind !== "channel")
    throw new RoostError("invalid_input", `a session "${key}" is of Roost's own: choose a key without "${kind}:"`);
  return memory.kernel.transact(async (tx) => {
    // The insert decides: of two at the same time one finds the other's.
    const [session] = await tx.query<Session>(
      `insert into memory.session (key, kind, agent, title, created_at) values ($1, $2, $3, $4, roost.now())
       on conflict (key) do nothing returning ${sessionColumns}`,
      [key, kind, agent, title ?? null],
    );
    if (session === undefined)
      throw new RoostError("conflict", `there is a session "${key}" already: choose another key, or reset it`);
    tx.emit({
      type: "session.created",
      subject: key,
      labels: labelsOf(session),
      data: { sessionKey: key, agent, title },
    });
    return session;
  });
}

/** Agents read the conversation from here on. @throws RoostError `not_found`, `conflict` */
export async function resetSession(memory: Memory, key: string, { by }: { by: string }): Promise<Session> {
  return memory.kernel.transact(async (tx) => {
    const session = await lockIdle(memory, tx, key);
    const text = "The conversation begins anew: agents do not read what stands above";
    const { firstSeq, messageCount } = await addMessages(tx, session, [notice(session, { text, by })]);
    const beginsAt = firstSeq + 1;
    await tx.query("update memory.session set begins_at = $2 where key = $1", [key, beginsAt]);
    tx.emit({
      type: "session.reset",
      subject: key,
      labels: labelsOf(session),
      data: { sessionKey: key, beforeSeq: beginsAt, by },
    });
    return { ...session, messageCount };
  });
}

export interface Rewind {
  /** Message with which the first turn that is taken back begins, or which is in it. */
  toSeq?: number | undefined;
  /** How many turns of the person, the newest. Default: 1 */
  turnCount?: number | undefined;
  by: string;
}

/** Takes back the newest turns. @throws RoostError `not_found`, `conflict`, `invalid_input` when there is no such turn */
export async function rewindSession(
  memory: Memory,
  key: string,
  { toSeq, turnCount = 1, by }: Rewind,
): Promise<{ session: Session; fromSeq: number; messageCount: number }> {
  return memory.kernel.transact(async (tx) => {
    const session = await lockIdle(memory, tx, key);
    const [found] = await tx.query<{ turnSeq: number }>(
      toSeq === undefined
        ? `select turn_seq as "turnSeq" from memory.message
           where session_key = $1 and place = 1 and turn_seq >= $2 and not is_taken_back order by turn_seq desc offset $3 limit 1`
        : `select turn_seq as "turnSeq" from memory.message where session_key = $1 and turn_seq >= $2 and seq = $3 and not is_taken_back`,
      [key, session.beginsAt, toSeq ?? turnCount - 1],
    );
    if (found === undefined) {
      const what = toSeq === undefined ? `no ${turnCount} turns` : `no message ${toSeq}`;
      throw new RoostError(
        "invalid_input",
        `session "${key}" has ${what} to take back: see roost sessions show ${key}`,
      );
    }
    // Summaries of what is taken back go too; an earlier one holds. News that Roost told stay: they are not told again.
    const rows = await tx.query<{ text: string }>(
      `update memory.message set is_taken_back = true
       where session_key = $1 and not is_taken_back
         and (case when through_turn is null then turn_seq >= $2 else through_turn >= $2 end)
         and not (place = 0 and source = 'roost' and text <> '' and through_turn is null)
       returning text`,
      [key, found.turnSeq],
    );
    const messageCount = rows.filter(({ text }) => text !== "").length;
    tx.emit({
      type: "session.rewound",
      subject: key,
      labels: labelsOf(session),
      data: { sessionKey: key, fromSeq: found.turnSeq, messageCount, by },
    });
    return { session, fromSeq: found.turnSeq, messageCount };
  });
}

/** Starts the run that summarises the conversation. @throws RoostError `not_found`, `conflict` */
export async function compactSession(memory: Memory, key: string): Promise<{ runId: string }> {
  return memory.kernel.transact(async (tx) => {
    const session = await lockIdle(memory, tx, key);
    const { runId } = await createRun(tx, {
      reason: "a person asks for a summary of the conversation",
      title: `Summarise ${key}`,
      input: { task: "summarise" },
      serialKey: `session:${key}`,
      agent: session.agent,
      sessionKey: key,
      sessionKind: session.kind,
      labels: firstLabels({ sessionKind: session.kind, sessionKey: key }),
      timeoutMs: 1_800_000,
      priority: 10,
    });
    return { runId };
  });
}

const similarMax = 500;

/** @throws RoostError `not_found` naming the nearest session */
export async function refuseUnknownSession({ kernel }: Memory, key: string): Promise<never> {
  const rows = await kernel.database.query<{ key: string }>(
    "select key from memory.session order by last_message_at desc nulls last limit $1",
    [similarMax],
  );
  const nearest = nearestName(
    key,
    rows.map((row) => row.key),
  );
  const advice = nearest === undefined ? "see roost sessions list" : `did you mean ${nearest}?`;
  throw new RoostError("not_found", `there is no session "${key}"; ${advice}`);
}

/** Locks a conversation without a run under way: messages are recorded under the same lock. */
async function lockIdle(memory: Memory, tx: KernelTransaction, key: string): Promise<SessionRow> {
  const known = await readSession(tx, key);
  if (known === undefined) return refuseUnknownSession(memory, key);
  if (known.kind !== "main" && known.kind !== "channel")
    throw new RoostError("invalid_input", `session "${key}" is a ${known.kind} session, in which each run begins anew`);
  const session = await addMessages(tx, known, []);
  const [live] = await tx.query<{ id: string; state: string }>(
    // A job's run beside the conversation has no turn of it, and may end with a summary over turns that it has read.
    `select id, state from roost.run
     where (serial_key = $1 or session_key = $2 and session_kind in ('main', 'channel')) and ended_at is null order by created_at limit 1`,
    [`session:${key}`, key],
  );
  if (live !== undefined)
    throw new RoostError(
      "conflict",
      `session "${key}" has a turn that is ${live.state}: wait for it, or roost run cancel ${live.id}`,
    );
  return session;
}

function notice({ kind, key }: Session, { text, by }: { text: string; by: string }) {
  return {
    id: createId(),
    place: "told" as const,
    role: "system" as const,
    content: { role: "user" as const, text, from: byRoost },
    labels: firstLabels({ sessionKind: kind, sessionKey: key }),
    source: by,
  };
}

function labelsOf({ kind, key }: Session): string[] {
  return formatLabels(firstLabels({ sessionKind: kind, sessionKey: key }));
}
