/** Table memory.session: the conversations, and where in the log each is. */
import { RoostError } from "@roost/base";
import { sessionKeyCharsMax } from "@roost/contract/operations";
import type { Sql } from "@roost/database";
import type { SessionKind } from "@roost/kernel";

export interface Session {
  key: string;
  kind: SessionKind;
  agent: string;
  title: string | null;
  messageCount: number;
  createdAt: Date;
  lastMessageAt: Date | null;
}

export interface SessionRow extends Session {
  nextSeq: number;
  /** Where the next digest begins; null: none was shown yet. */
  digestOffsets: string | null;
  /** When the events before it were shown. */
  digestAt: Date | null;
  /** The turn from which on agents read the conversation. */
  beginsAt: number;
}

export const sessionColumns = `key, kind, agent, title, next_seq - 1 as "messageCount", created_at as "createdAt", last_message_at as "lastMessageAt"`;
export const sessionRowColumns = `${sessionColumns}, next_seq as "nextSeq", digest_offsets as "digestOffsets", digest_at as "digestAt",
  begins_at as "beginsAt"`;

/** The kind of a session, by its key. Keys of a person's conversations are free; others begin with their kind. */
export function kindOfSession(key: string): SessionKind {
  const prefix = key.split(":", 1)[0];
  if (prefix === "cron" || prefix === "heartbeat" || prefix === "subagent" || prefix === "channel") return prefix;
  return "main";
}

export async function readSession(sql: Sql, key: string): Promise<SessionRow | undefined> {
  const [row] = await sql.query<SessionRow>(`select ${sessionRowColumns} from memory.session where key = $1`, [key], {
    name: "memory_read_session",
  });
  return row;
}

/** The first turn that a person asked for and that is not over. */
export async function firstOpenTurn(sql: Sql, key: string): Promise<number | undefined> {
  const [row] = await sql.query<{ turnSeq: number }>(
    `select min(m.turn_seq) as "turnSeq" from roost.run r join memory.message m on m.run_id = r.id
     where r.serial_key = 'session:' || $1 and r.ended_at is null and m.session_key = $1 and m.place = 1`,
    [key],
    { name: "memory_first_open_turn" },
  );
  return row?.turnSeq ?? undefined;
}

export interface NewSession {
  key: string;
  kind: SessionKind;
  agent: string;
}

/** @throws RoostError `invalid_input` */
export function checkSessionKey(key: string): void {
  if (key.length > 0 && key.length <= sessionKeyCharsMax && !/\p{C}/u.test(key)) return;
  throw new RoostError(
    "invalid_input",
    `session key ${JSON.stringify(key.slice(0, 80))} must have 1 to ${sessionKeyCharsMax} visible characters`,
  );
}
