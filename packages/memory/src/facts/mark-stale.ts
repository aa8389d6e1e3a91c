/**
 * What was made with a fact, and is stale when it is closed: summaries, what the nightly pass concluded, and what runs said and noted that had asked
 * for it. Recorded when it is made; followed through runs that were told by other runs.
 */
import type { Sql } from "@roost/database";
import type { KernelTransaction } from "@roost/kernel";
import { inForceSql, type FactRow } from "./fact.ts";

/** The newest; of a fact on which more rests, what is older has left every prompt. */
const runsMax = 1_000;
/** A run that named the subject may speak of it so long afterwards. */
const runDaysMax = 30;
/** The words of a sentence that a turn says too, when it is about the same. */
const commonWordsMin = 3;

/** Before the run is given a text that says facts in force, and words of other runs. */
export async function recordSources(
  sql: Sql,
  runId: string,
  { text = "", runIds = [] }: { text?: string; runIds?: readonly string[] },
): Promise<void> {
  await sql.query(
    `insert into memory.run_source (run_id, kind, ref)
     select $1::uuid, 'fact', f.id from memory.fact f where ${inForceSql} and position(lower(coalesce(f.value, f.statement)) in lower($2)) > 0
       and (f.subject is null or position(lower(f.subject) in lower($2)) > 0)
     union select $1::uuid, 'run', ref from unnest($3::uuid[]) as ref where ref <> $1::uuid on conflict do nothing`,
    [runId, text, runIds],
    { name: "memory_record_sources" },
  );
}

/** What a summary was made with: facts that were said in its turns, or that it says. A correction of one makes it stale. */
export async function recordSummaryFacts(
  tx: KernelTransaction,
  { messageId, sessionKey, throughTurn }: { messageId: string; sessionKey: string; throughTurn: number },
): Promise<void> {
  await tx.query(
    `insert into memory.fact_dependent (fact_id, kind, ref)
     select f.id, 'summary', $1 from memory.fact f where f.retracted_at is null and (
       f.run_id in (select m.run_id from memory.message m where m.session_key = $2 and m.turn_seq <= $3)
       or position(lower(coalesce(f.value, f.statement)) in (select lower(m.text) from memory.message m where m.id = $1)) > 0)
     on conflict do nothing`,
    [messageId, sessionKey, throughTurn],
  );
}

/** What the nightly pass concluded, with the facts that it was shown and that are of the same subject. */
export async function recordConclusion(
  tx: KernelTransaction,
  { factId, runId }: { factId: string; runId: string },
): Promise<void> {
  await tx.query(
    `insert into memory.fact_dependent (fact_id, kind, ref)
     select f.id, 'fact', c.id from memory.fact c join memory.run_source s on s.run_id = $2 and s.kind = 'fact' join memory.fact f on f.id = s.ref
     where c.id = $1 and f.id <> c.id and f.subject is not null and position(lower(f.subject) in lower(c.statement)) > 0
     on conflict do nothing`,
    [factId, runId],
  );
}

/** In the transaction that closes the fact. `runId`: of the run that does; `right`: the value that holds instead. */
export async function markStale(
  tx: KernelTransaction,
  fact: FactRow,
  { runId, right }: { runId: string | null; right: string | undefined },
): Promise<void> {
  await recordRuns(tx, fact, { runId, right });
  await tx.query(
    `update memory.message m set is_stale = true where through_turn is not null and not is_stale and (
       m.id in (select ref from memory.fact_dependent where fact_id = $1 and kind = 'summary') or position(lower($2) in lower(m.text)) > 0
       or exists (select 1 from memory.message said join memory.fact_dependent d on d.fact_id = $1 and d.kind = 'run' and d.ref = said.run_id
         where said.session_key = m.session_key and said.turn_seq <= m.through_turn))`,
    [fact.id, fact.value ?? fact.statement],
  );
  // What a model concluded from it waits for a person, and so does what was concluded from that.
  await tx.query(
    `with recursive resting (id) as (
       select ref from memory.fact_dependent where fact_id = $1 and kind = 'fact'
       union select d.ref from memory.fact_dependent d join resting r on d.fact_id = r.id and d.kind = 'fact')
     update memory.fact f set is_claim = true, reason = $2 where f.id in (select id from resting) and ${inForceSql} and f.extractor = 'nightly'
       and f.confidence < 1`,
    [fact.id, `it was concluded from what was corrected: ${fact.statement}`.slice(0, 500)],
  );
}

/**
 * Runs that were given it, by themselves or through others, and those that were asked or spoke of it: of a subject and an attribute, in whatever
 * words they answered. Only turns that are about it count, by their words and calls: a recall gives ten lines, and an answer uses one.
 */
async function recordRuns(
  tx: KernelTransaction,
  { id, subject, attribute, value, statement, recordedAt }: FactRow,
  { runId, right }: { runId: string | null; right: string | undefined },
): Promise<void> {
  const spelt = spellingsOf(subject ?? "");
  await tx.query(
    `with recursive topic as materialized (
       select to_tsvector('memory.recall', $2) as sentence,
         (select string_agg(quote_literal(lexeme), ' | ')::tsquery from unnest(to_tsvector('memory.recall', $3))) as words
     ), named as materialized (
       select distinct run_id from memory.message where $4::text is not null and run_id is not null
         and created_at >= $7::timestamptz - interval '${runDaysMax} days'
         and case when ${spelt.map((_, at) => `position($${at + 8} in text) > 0 or position($${at + 8} in content ->> 'toolCalls') > 0`).join(" or ")}
           then position(lower($4) in lower(concat(text, content ->> 'toolCalls'))) > 0 else false end
       union all select distinct run_id from memory.run_source where $4::text is null
     ), spoken as materialized (
       select run_id, string_agg(concat_ws(' ', text, content ->> 'toolCalls'), ' ' order by seq) as text, max(created_at) as at
       from named join memory.message m using (run_id) where run_id is distinct from $6 and role in ('user', 'assistant') and through_turn is null
         and created_at >= $7
       group by run_id
     ), about as materialized (
       select run_id, at, to_tsvector('memory.recall', text) @@ words as is_asked from spoken, topic
       where ($5::text is null or position(lower($5) in lower(text)) = 0) and ($4::text is not null or ${commonWordsMin} <= (
         select count(*) from unnest(to_tsvector('memory.recall', text)) w where w.lexeme = any(tsvector_to_array(sentence))))
       union all select s.run_id, '-infinity', false from memory.run_source s where s.run_id is distinct from $6
         and not exists (select 1 from memory.message m where m.run_id = s.run_id)
     ), resting (run_id) as (
       select run_id from about where is_asked and $4::text is not null or run_id in (select run_id from memory.run_source where kind = 'fact' and ref = $1)
       union select s.run_id from memory.run_source s join resting r on s.kind = 'run' and s.ref = r.run_id where s.run_id in (select run_id from about)
     )
     insert into memory.fact_dependent (fact_id, kind, ref)
     select $1::uuid, 'run', run_id from (select run_id from about where run_id in (select run_id from resting) order by at desc limit ${runsMax}) as newest
     on conflict do nothing`,
    [id, statement, `${attribute ?? ""} ${value ?? ""}`, subject, right ?? null, runId, recordedAt, ...spelt],
  );
}

/**
 * Folding all that was said in years costs a second; looking for one word of the subject as it is spelled, small and in capitals, a fraction. What has it is
 * then compared folded. The first letter may be either.
 */
function spellingsOf(subject: string): string[] {
  const word = subject.split(/\s+/).reduce((longest, each) => (each.length > longest.length ? each : longest), "");
  const tail = word.length < tailedMin ? word : word.slice(1);
  return [...new Set([tail, tail.toLowerCase(), tail.toUpperCase()])];
}

const tailedMin = 4;
