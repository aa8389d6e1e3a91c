/**
 * After a correction: which lines of files say in other words what does not hold. They are found as subjects are compared, by the words of the old value
 * and of what it was said of, and by their vectors where the home has them; each has a note wherever it is shown from then on, and the person is told where they
 * stand. Files are not changed.
 */
import { raiseNotice, type KernelTransaction, type SchedulerLoop } from "@roost/kernel";
import { readSubject, shareWithin, type SubjectWords } from "@roost/subjects";
import { textOf } from "../disk/read-disk-file.ts";
import { hashOfLine, saysPlainly } from "../facts/corrections.ts";
import { factColumns, type FactRow } from "../facts/fact.ts";
import type { Memory } from "../memory.ts";
import { linesOf } from "../records/line-marks.ts";
import { findAlike, type AlikePiece } from "./find-alike.ts";
import { findLines } from "./find-lines.ts";
import { refreshRecall } from "./refresh-recall.ts";
import { splitMarkdown, type TextPiece } from "./split-markdown.ts";

const pollMs = 60_000;
const factsMax = 20;
const refreshPassesMax = 20;
/** Lines that have words of a fact, and files of them that are read. */
const candidatesMax = 200;
const filesMax = 40;
const linesMax = 100;
const namedMax = 10;
const queryCharsMax = 1_000;
/** Of the value, or of the sentence; of the subject. */
const shareMin = 0.75;
/** Of a sentence without a subject: fewer words are in too many lines. */
const sentenceWordsMin = 3;
/** What was closed longer ago came in with an import, or while nothing ran: it is not searched for, and is passed over in batches. */
const daysMax = 7;
const passedMax = 1_000;

export function createStaleLineLoop(memory: Memory): SchedulerLoop {
  return {
    name: "lines that say what was corrected",
    channels: () => [],
    pollMs,
    look: async () => ({ isMore: await findStaleLines(memory) }),
  };
}

const isToSearch = "not f.is_searched and not f.is_claim and (f.retracted_at is not null or not upper_inf(f.valid))";
const closedAt = "greatest(f.retracted_at, upper(f.valid))";

type Closed = FactRow & { right: string | null; instead: string | null };

/** True: there is more to search for. */
export async function findStaleLines(memory: Memory): Promise<boolean> {
  const { kernel } = memory;
  const facts = await kernel.database.query<Closed>(
    `with passed as (
       update memory.fact set is_searched = true where id in (
         select f.id from memory.fact f where ${isToSearch} and ${closedAt} < roost.now() - interval '${daysMax} days'
         order by f.id limit ${passedMax} for update skip locked))
     select ${factColumns}, coalesce(n.value, n.statement) as "right", n.statement as instead from memory.fact f left join memory.fact n on n.id = f.replaced_by
     where ${isToSearch} and ${closedAt} between roost.now() - interval '${daysMax} days' and roost.now()
     order by f.id limit ${factsMax}`,
    [],
    { name: "memory_facts_to_search" },
  );
  if (facts.length === 0) return false;
  for (let pass = 0; pass < refreshPassesMax && (await refreshRecall(memory)); pass += 1);
  for (const fact of facts) {
    const found = await linesThatSay(memory, fact);
    await kernel.transact((tx) => record(tx, fact, found));
  }
  return facts.length === factsMax;
}

interface StaleLine {
  path: string;
  line: number;
  hashes: string[];
}

async function record(tx: KernelTransaction, { id, subject }: FactRow, found: readonly StaleLine[]): Promise<void> {
  const marked = await tx.query(
    "update memory.fact set is_searched = true where id = $1 and not is_searched returning 1",
    [id],
  );
  if (marked.length === 0 || found.length === 0) return;
  await tx.query(
    "insert into memory.fact_dependent (fact_id, kind, ref) select $1, 'line', unnest($2::uuid[]) on conflict do nothing",
    [id, found.flatMap(({ hashes }) => hashes)],
  );
  const named = found.slice(0, namedMax).map(({ path, line }) => `${path} line ${line}`);
  const more = found.length > namedMax ? ` and ${found.length - namedMax} more` : "";
  raiseNotice(tx, {
    level: "info",
    text: `A fact${subject === null ? "" : ` of ${subject}`} was corrected, and these lines may still say it in other words: ${named.join(", ")}${more}. Agents see them with a note: change them where they are wrong`,
    source: "memory",
  });
}

async function linesThatSay(memory: Memory, fact: Closed): Promise<StaleLine[]> {
  const { database, clock } = memory.kernel;
  const query = [fact.subject ?? "", fact.value ?? fact.statement].join(" ").slice(0, queryCharsMax);
  const ranked = await findLines(database, {
    query,
    kinds: ["file"],
    labelSets: undefined,
    nowMs: clock.nowMs(),
    limit: candidatesMax,
  });
  const alike = await findAlike(memory, fact.statement, fact.instead);
  const files = await database.query<{ path: string; sha256: string }>(
    `select f.path, f.sha256 from memory.recall_document d join memory.file f on f.path = d.ref
     where (d.id = any($1) or d.kind = 'file' and d.ref = any($2)) and f.sha256 is not null
     order by d.ref <> all ($2), f.path limit ${filesMax}`,
    [[...new Set(ranked.map(({ document }) => document))], alike.map(({ path }) => path)],
  );
  const wrong = readSubject(fact.value ?? fact.statement);
  const says = readerOf(fact, wrong);
  const saysAlike = alikeReaderOf(fact, alike);
  const found: StaleLine[] = [];
  for (const { path, sha256 } of files) {
    const text = textOf(Buffer.from((await memory.versions.get(sha256)) ?? []));
    if (text === undefined) continue;
    const lines = linesOf(text);
    for (const piece of splitMarkdown(text)) {
      const own = lines.slice(piece.from - 1, piece.from - 1 + piece.count);
      const isSaid = says(piece.text, piece.heading);
      if (!isSaid && !saysAlike(path, piece)) continue;
      // Which of its lines say it without a word of it is not known: the note stands behind the last.
      const noted = isSaid ? linesWith(wrong, own) : own.slice(-1);
      const hashes = [...new Set([piece.text, ...noted])].map(hashOfLine);
      found.push({ path, line: piece.from, hashes });
    }
  }
  return found.slice(0, linesMax);
}

function isIn(part: SubjectWords, whole: SubjectWords): boolean {
  return shareWithin(part, whole) >= shareMin;
}

/** Of the lines of a piece that says it: those that say it alone, else those that have a part of it. Others stand anywhere, like the frame of a table. */
function linesWith(wrong: SubjectWords, lines: readonly string[]): string[] {
  const read = lines.map((line) => ({ line, words: readSubject(line) }));
  const alone = read.filter(({ words }) => isIn(wrong, words));
  const parts = read.filter(({ words }) => words.length >= sentenceWordsMin && shareWithin(wrong, words) > 0);
  return (alone.length > 0 ? alone : parts).map(({ line }) => line);
}

/** Whether a piece of text says in other words, or below a heading, a fact that does not hold, and not what holds instead. */
function readerOf(
  { subject, value, statement, right }: Closed,
  wrong: SubjectWords,
): (text: string, heading: string) => boolean {
  const of = subject === null ? undefined : readSubject(subject);
  const instead = right === null ? undefined : readSubject(right);
  if (wrong.length === 0 || (subject === null && wrong.length < sentenceWordsMin)) return () => false;
  return (text, heading) => {
    if (saysPlainly(text, { wrong: value ?? statement, right, subject })) return false;
    const words = readSubject(text);
    if (!isIn(wrong, words) || (of !== undefined && !isIn(of, readSubject(`${heading} ${text}`)))) return false;
    return instead === undefined || instead.length === 0 || shareWithin(instead, words) < 1;
  };
}

/** Whether a piece is one that is alike by its vector, and says neither in the fact's own words what does not hold, nor what holds instead. */
function alikeReaderOf(
  { subject, value, statement, right }: Closed,
  alike: readonly AlikePiece[],
): (path: string, piece: TextPiece) => boolean {
  const pieces = new Set(alike.map(({ path, from, text }) => `${from} ${path}\n${text}`));
  const instead = right === null ? undefined : readSubject(right);
  return (path, { text, from }) => {
    if (!pieces.has(`${from} ${path}\n${text}`)) return false;
    if (saysPlainly(text, { wrong: value ?? statement, right, subject })) return false;
    return instead === undefined || instead.length === 0 || shareWithin(instead, readSubject(text)) < 1;
  };
}
