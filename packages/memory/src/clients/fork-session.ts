/** Begins a conversation that goes on from another one's turn, or from a history that a program tells. The other one stays as it is. */
import { createId } from "@roost/base";
import { firstLabels } from "@roost/kernel";
import { formatLabels } from "@roost/contract/labels";
import type { Memory } from "../memory.ts";
import { addMessages, cleanText, messageLimits } from "../sessions/message.ts";
import { checkSessionKey, kindOfSession } from "../sessions/session.ts";

export interface ToldTurn {
  asked: string;
  answer: string;
}

export interface ForkSession {
  /** Of the new one; of the same kind as the one it goes on from. */
  key: string;
  agent: string;
  from?: { sessionKey: string; throughTurn: number } | undefined;
  /** What a program says was said after that. */
  told: readonly ToldTurn[];
}

const toldMax = 100;

/** Repeated, it changes nothing. */
export async function forkSession(memory: Memory, { key, agent, from, told }: ForkSession): Promise<void> {
  checkSessionKey(key);
  const kind = kindOfSession(key);
  const labels = firstLabels({ sessionKind: kind, sessionKey: key });
  await memory.kernel.transact(async (tx) => {
    const made = await tx.query(
      `insert into memory.session (key, kind, agent, created_at) values ($1, $2, $3, roost.now()) on conflict (key) do nothing returning 1`,
      [key, kind, agent],
    );
    if (made.length === 0) return;
    tx.emit({ type: "session.created", subject: key, labels: formatLabels(labels), data: { sessionKey: key, agent } });
    if (from !== undefined)
      await tx.query(
        // Its runs stay the other one's.
        `with copied as (
           insert into memory.message (session_key, seq, id, turn_seq, place, role, text, content, source, labels, is_rehearsed, through_turn, is_taken_back, created_at)
           select $1, seq, gen_random_uuid(), turn_seq, place, role, text, content, source, labels, is_rehearsed, through_turn, is_taken_back, created_at
           from memory.message where session_key = $2 and turn_seq <= $3 and coalesce(through_turn, 0) <= $3 returning seq)
         update memory.session s set next_seq = coalesce((select max(seq) from copied), 0) + 1, begins_at = o.begins_at
         from memory.session o where s.key = $1 and o.key = $2`,
        [key, from.sessionKey, from.throughTurn],
      );
    for (const turn of told.slice(-toldMax)) {
      const common = { labels, source: "api" };
      const text = (said: string) => cleanText(said, messageLimits.textCharsMax);
      const isUntrusted = kind === "channel" && { isUntrusted: true };
      const asked = { role: "user", text: text(turn.asked), ...isUntrusted } as const;
      const answer = { role: "assistant", text: text(turn.answer), provider: "client", model: "told" } as const;
      await addMessages(tx, { key, kind, agent }, [
        { ...common, id: createId(), place: "asked", role: "user", content: asked },
        { ...common, id: createId(), place: "answered", role: "assistant", content: answer },
      ]);
    }
  });
}
