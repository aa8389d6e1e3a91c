/**
 * Has a model make vectors of what recall knows: in batches from a place that is kept, so that a process that dies goes on where it was; not above
 * a day's tokens; anew for another model. A text that stands in many lines, or again after an edit, is asked for once.
 */
import { estimateTokens, type Embedder } from "@roost/agent";
import { createId, toRoostError } from "@roost/base";
import type { Sql } from "@roost/database";
import type { SchedulerLoop } from "@roost/kernel";
import type { Memory } from "../memory.ts";
import { embeddedSql, keepVectors, modelOf, moveCentre, readSpace } from "./vector-space.ts";

/** Asked for at once; a text has at most 600 characters. */
const textsMax = 64;
/** Before others get their turn. */
const batchesMax = 20;
const batchMsMax = 60_000;
const pollMs = 5 * 60_000;
/** Looked at for one batch: most have a vector already. */
const linesMax = 2_000;
const orphansMax = 1_000;
const probe = "ok";

export type EmbedOutcome = "more" | "done" | "spent" | "busy" | "other";

/** Undefined where no endpoint is configured. Handed to runScheduler. */
export function createEmbeddingLoop(memory: Memory): SchedulerLoop | undefined {
  const { embedder, kernel, logger } = memory;
  if (embedder === undefined) return undefined;
  let since: Date | undefined;
  let isTold = false;
  return {
    name: "embeddings",
    channels: () => [],
    pollMs,
    look: async () => {
      since ??= (await kernel.database.query<{ now: Date }>("select roost.now() as now"))[0]!.now;
      const outcome = await embedLines(memory, embedder, since);
      if (outcome === "other" && !isTold)
        logger.warn("a process that started later names another embedding model: recall goes by words here", {
          model: embedder.id,
        });
      isTold = outcome === "other";
      return { isMore: outcome === "more" };
    },
  };
}

/**
 * `more`: lines are left. `spent`: so are they, until tomorrow. `busy`: another process is at it. `other`: a process that began later than `since`
 * names another model, and that is the home's.
 * @throws RoostError as the embedder
 */
export async function embedLines(memory: Memory, embedder: Embedder, since?: Date): Promise<EmbedOutcome> {
  const turn = { memory, embedder, id: createId() };
  try {
    const outcome = await embedBatches(turn, since);
    if (outcome !== "busy" && outcome !== "other") await moveCentre(memory, embedder);
    return outcome;
  } finally {
    await endTurn(turn);
  }
}

/** Of one process to have lines embedded. */
interface Turn {
  memory: Memory;
  embedder: Embedder;
  id: string;
}

/** Of a line `l`. */
const textOfLineSql = `lateral (select ${embeddedSql} as text, md5(${embeddedSql})::uuid as key) t`;

interface Line {
  document: number;
  place: number;
  key: string;
  text: string;
  isKnown: boolean;
}

async function embedBatches(turn: Turn, since?: Date): Promise<EmbedOutcome> {
  for (let batch = 0; batch < batchesMax; batch += 1) {
    if (!(await nameModel(turn.memory, turn.embedder, since))) return "other";
    if (!(await takeTurn(turn))) return "busy";
    const outcome = await embedBatch(turn);
    if (outcome !== "more") return outcome;
  }
  return "more";
}

async function embedBatch(turn: Turn): Promise<EmbedOutcome> {
  const { memory } = turn;
  const { database } = memory.kernel;
  const lines = await database.query<Line>(
    `select l.document, l.place, t.key::text as key, t.text, exists (select 1 from memory.embedding e where e.key = t.key) as "isKnown"
     from memory.recall_line l, memory.embedding_state s, ${textOfLineSql} where (l.document, l.place) >= (s.document, s.place)
       and not exists (select 1 from memory.recall_vector v where v.document = l.document and v.place = l.place)
     order by l.document, l.place limit ${linesMax}`,
    [],
    { name: "memory_embedding_lines" },
  );
  if (lines.length === 0) return beginAgain(database);
  const texts = new Map<string, string>();
  let last: Line | undefined;
  for (const line of lines) {
    if (!line.isKnown && !texts.has(line.key) && texts.size === textsMax) break;
    if (!line.isKnown) texts.set(line.key, line.text);
    last = line;
  }
  if (texts.size > 0) {
    if (!(await mayAsk(memory))) return "spent";
    if (!(await makeVectors(turn, [...texts]))) return "busy";
  }
  await placeVectors(turn, lines[0]!, last!);
  return "more";
}

/** Of lines whose texts have one. The state is locked first, so that a code is copied as it is seen from the centre of now. */
async function placeVectors({ memory: { kernel }, embedder }: Turn, first: Line, last: Line): Promise<void> {
  await kernel.transact(async (tx) => {
    const space = await readSpace(tx, embedder, { isLocked: true });
    if (space === undefined) return;
    await tx.query(
      `insert into memory.recall_vector (document, place, labels, at, key, code)
       select l.document, l.place, l.labels, l.at, e.key, e.code from memory.recall_line l, ${textOfLineSql}, memory.embedding e
       where e.key = t.key and (l.document, l.place) >= ($1, $2) and (l.document, l.place) <= ($3, $4)
       on conflict do nothing`,
      [first.document, first.place, last.document, last.place],
      { name: "memory_embedding_made" },
    );
    await tx.query("update memory.embedding_state set document = $1, place = $2", [last.document, last.place]);
  });
}

type Keyed = readonly [key: string, text: string];

/**
 * One that the model does not take, such as one that is too long for it, is left out, so that it holds up no other. False: it took so long that
 * another process has the turn.
 */
async function makeVectors(turn: Turn, texts: readonly Keyed[], isProbed = false): Promise<boolean> {
  const { memory, embedder } = turn;
  // Halving asks many times.
  if (!(await keepTurn(turn))) return false;
  try {
    const vectors = await embed(
      turn,
      texts.map(([, text]) => text),
    );
    const keys = texts.map(([key]) => key);
    await keepVectors(memory, embedder, { keys, vectors });
    return true;
  } catch (error) {
    if (toRoostError(error).code !== "invalid_input") throw error;
    // A model that does not take this either takes nothing: then the settings are wrong, and no text is.
    if (!isProbed) await embed(turn, [probe]);
    const half = Math.ceil(texts.length / 2);
    if (half === texts.length) {
      memory.logger.warn("the embedding model does not take a text: recall finds its lines by words alone", {
        key: texts[0]![0],
      });
      return true;
    }
    return (await makeVectors(turn, texts.slice(0, half), true)) && (await makeVectors(turn, texts.slice(half), true));
  }
}

async function embed({ memory, embedder }: Turn, texts: readonly string[]): Promise<Float32Array[]> {
  const { vectors, tokenCount } = await embedder.embed(texts, { as: "line", signal: AbortSignal.timeout(batchMsMax) });
  await spend(memory, tokenCount ?? estimateOf(texts));
  return vectors;
}

/**
 * Whether the home's model is this one: what the process that began last names. Vectors of another are dropped before the first of this one; so
 * processes with different settings do not drop each other's by turns.
 */
async function nameModel({ kernel, calendar }: Memory, embedder: Embedder, since?: Date): Promise<boolean> {
  const model = modelOf(embedder);
  return kernel.transact(async (tx) => {
    const [changed] = await tx.query(
      `insert into memory.embedding_state as s (model, day, named_at) values ($1, $2, coalesce($3, roost.now()))
       on conflict (is_single) do update set model = $1, dimensions = null, centre = null, centre_of = 0, document = 0, place = 0, turn = null, named_at = excluded.named_at
         where s.model <> $1 and s.named_at <= excluded.named_at returning 1`,
      [model, calendar.dayAt(kernel.clock.nowMs()), since ?? null],
    );
    if (changed !== undefined) await dropVectors(tx);
    const [state] = await tx.query<{ model: string }>("select model from memory.embedding_state");
    return state?.model === model;
  });
}

async function dropVectors(sql: Sql): Promise<void> {
  await sql.query("delete from memory.recall_vector");
  await sql.query("delete from memory.embedding");
}

/** At the end: lines that came before it are looked for the next time, and texts that no line has are forgotten. */
async function beginAgain(sql: Sql): Promise<EmbedOutcome> {
  await sql.query("update memory.embedding_state set document = 0, place = 0 where document > 0");
  await sql.query(
    `delete from memory.embedding where key in (select e.key from memory.embedding e
       where not exists (select 1 from memory.recall_vector v where v.key = e.key) limit ${orphansMax})`,
  );
  return "done";
}

/** Longer than a request takes: a process that dies is followed by another. */
const turnMs = 2 * batchMsMax;

/** One process at a time has lines embedded, so that no text is paid for twice. */
async function takeTurn({ memory: { kernel }, id }: Turn): Promise<boolean> {
  const rows = await kernel.database.query(
    `update memory.embedding_state set turn = $1, turn_until = roost.now() + $2 * interval '1 millisecond'
     where turn is null or turn = $1 or turn_until < roost.now() returning 1`,
    [id, turnMs],
  );
  return rows.length > 0;
}

/** False: another process has had it meanwhile, and what was to be asked for is asked for. */
async function keepTurn({ memory: { kernel }, id }: Turn): Promise<boolean> {
  const rows = await kernel.database.query(
    "update memory.embedding_state set turn_until = roost.now() + $2 * interval '1 millisecond' where turn = $1 returning 1",
    [id, turnMs],
  );
  return rows.length > 0;
}

async function endTurn({ memory: { kernel }, id }: Turn): Promise<void> {
  await kernel.database.query("update memory.embedding_state set turn = null where turn = $1", [id]);
}

/** Whether tokens of the day are left. */
export async function mayAsk({ kernel, calendar, settings }: Memory): Promise<boolean> {
  const [state] = await kernel.database.query<{ tokens: number }>(
    "select case when day = $1 then tokens else 0 end as tokens from memory.embedding_state",
    [calendar.dayAt(kernel.clock.nowMs())],
  );
  return (state?.tokens ?? 0) < (settings.embeddings?.tokensPerDayMax ?? Infinity);
}

export async function spend({ kernel, calendar }: Memory, tokenCount: number): Promise<void> {
  await kernel.database.query(
    "update memory.embedding_state set tokens = case when day = $1 then tokens else 0 end + $2, day = $1",
    [calendar.dayAt(kernel.clock.nowMs()), tokenCount],
  );
}

export function estimateOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + estimateTokens(text), 0);
}
