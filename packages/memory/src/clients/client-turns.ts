/** Turns of programs that send the whole conversation with each request: which turn a request asks for, and behind which turn it goes on. */
import type { Memory } from "../memory.ts";

export interface ClientTurn {
  client: string;
  asked: string;
  place: number;
  runId: string;
  sessionKey: string;
  told: string | null;
  isAnswered: boolean;
}

export interface ClientAnswer {
  answered: string;
  sessionKey: string;
  turnSeq: number;
  /** There is no later turn in its session. */
  isNewest: boolean;
}

const turnColumns = `client, asked, place, run_id as "runId", session_key as "sessionKey", told, is_answered as "isAnswered"`;
/** Older ones are forgotten, a few with each that is added: then a request begins a conversation. */
const keptDays = 180;
const forgottenMax = 20;

/** The newest turn of this request. */
export async function findClientTurn(
  memory: Memory,
  of: { client: string; asked: string },
): Promise<ClientTurn | undefined> {
  const [row] = await memory.kernel.database.query<ClientTurn>(
    `select ${turnColumns} from memory.client_turn where client = $1 and asked = $2 order by place desc limit 1`,
    [of.client, of.asked],
    { name: "memory_find_client_turn" },
  );
  return row;
}

export interface TurnOfRun {
  sessionKey: string;
  agent: string;
  turnSeq: number;
  /** There is no later turn in its session. */
  isNewest: boolean;
}

/** Undefined: it is no turn of this program's. */
export async function findTurnOfRun(
  memory: Memory,
  of: { client: string; runId: string },
): Promise<TurnOfRun | undefined> {
  const [row] = await memory.kernel.database.query<TurnOfRun>(
    `select s.key as "sessionKey", s.agent, m.turn_seq as "turnSeq",
       not exists (select 1 from memory.message l where l.session_key = s.key and l.turn_seq > m.turn_seq) as "isNewest"
     from memory.client_turn t join memory.message m on m.run_id = t.run_id and m.place = 1 join memory.session s on s.key = m.session_key
     where t.client = $1 and t.run_id = $2 order by m.seq limit 1`,
    [of.client, of.runId],
  );
  return row;
}

/** What the program last told the agent of a session. */
export async function readLastTold(memory: Memory, sessionKey: string): Promise<string | null> {
  const [row] = await memory.kernel.database.query<{ told: string | null }>(
    "select told from memory.client_turn where session_key = $1 order by created_at desc, place desc limit 1",
    [sessionKey],
  );
  return row?.told ?? null;
}

/** Repeated, it changes nothing. */
export async function addClientTurn(memory: Memory, turn: Omit<ClientTurn, "isAnswered">): Promise<void> {
  await memory.kernel.database.query(
    `with old as (delete from memory.client_turn where ctid in (
       select ctid from memory.client_turn where created_at < roost.now() - $7 * interval '1 day' order by created_at limit $8))
     insert into memory.client_turn (client, asked, place, run_id, session_key, told) values ($1, $2, $3, $4, $5, $6) on conflict do nothing`,
    [turn.client, turn.asked, turn.place, turn.runId, turn.sessionKey, turn.told, keptDays, forgottenMax],
  );
}

/** The program is about to have this history, and with it the answer to its request. */
export async function addClientAnswer(
  memory: Memory,
  { client, answered, runId }: { client: string; answered: string; runId: string },
): Promise<void> {
  await memory.kernel.database.query(
    `with old as (delete from memory.client_answer where ctid in (
       select ctid from memory.client_answer where created_at < roost.now() - $4 * interval '1 day' order by created_at limit $5)),
     told as (update memory.client_turn set is_answered = true where client = $1 and run_id = $3)
     insert into memory.client_answer (client, answered, session_key, turn_seq)
     select $1, $2, m.session_key, m.turn_seq from memory.message m where m.run_id = $3 and m.place = 1 order by m.seq limit 1
     on conflict (client, answered) do update set session_key = excluded.session_key, turn_seq = excluded.turn_seq, created_at = roost.now()`,
    [client, answered, runId, keptDays, forgottenMax],
    { name: "memory_add_client_answer" },
  );
}

/** Whether the answer has reached the program: if not, the same request is told it again. */
export async function markAnswered(
  memory: Memory,
  { client, runId, isAnswered }: { client: string; runId: string; isAnswered: boolean },
): Promise<void> {
  await memory.kernel.database.query(
    "update memory.client_turn set is_answered = $3 where client = $1 and run_id = $2",
    [client, runId, isAnswered],
  );
}

/** The turn that the longest of these histories ends with; histories: the longest first. */
export async function findClientAnswer(
  memory: Memory,
  { client, histories }: { client: string; histories: readonly string[] },
): Promise<ClientAnswer | undefined> {
  if (histories.length === 0) return undefined;
  const [row] = await memory.kernel.database.query<ClientAnswer>(
    `select a.answered, a.session_key as "sessionKey", a.turn_seq as "turnSeq",
       not exists (select 1 from memory.message m where m.session_key = a.session_key and m.turn_seq > a.turn_seq) as "isNewest"
     from unnest($2::text[]) with ordinality as h(sha256, n) join memory.client_answer a on a.client = $1 and a.answered = h.sha256
     order by h.n limit 1`,
    [client, histories],
    { name: "memory_find_client_answer" },
  );
  return row;
}
