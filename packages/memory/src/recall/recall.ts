/**
 * Answers "what do we know about …" with lines of the home's files, conversations and events: ranked, without repetitions, within a budget of
 * tokens, each with its source and labels. What rests on content from outside is counted, and shown when asked for.
 */
import { estimateTokens } from "@roost/agent";
import { isUntrusted, joinLabels, mainLabels, openLabels, type Labels } from "@roost/contract/labels";
import { correctLine, readCorrections, type Correction } from "../facts/corrections.ts";
import type { Memory } from "../memory.ts";
import { wordsOf } from "../records/line-marks.ts";
import { clearanceOf, mayKnow } from "../visibility/clearance.ts";
import { placedForViewer } from "../visibility/placed-at.ts";
import type { Viewer } from "../visibility/viewer.ts";
import { maySeeFile } from "../visibility/visibility.ts";
import { findLines, type FindLines } from "./find-lines.ts";
import { findNear, fuse } from "./find-near.ts";
import { isOfTime, type RankedLine } from "./rank-lines.ts";
import { messageOfLineSql, type DocumentKind } from "./index-document.ts";
import { refreshRecall } from "./refresh-recall.ts";

export interface RecallRequest {
  query: string;
  as: Viewer;
  /** Lines. Default 10, at most 50. */
  limit?: number | undefined;
  /** Of all lines together. Default 2,000. */
  tokensMax?: number | undefined;
  kinds?: readonly DocumentKind[] | undefined;
  /** Only this file or conversation. */
  ref?: string | undefined;
  since?: Date | undefined;
  until?: Date | undefined;
  /** Also lines that rest on content from outside. */
  withMarked?: boolean | undefined;
}

export interface FoundLine {
  kind: DocumentKind;
  /** The file's path, the session's key, or the log. */
  document: string;
  /** A line's number, a message's id, an event's id. */
  ref: string;
  saidBy: string | null;
  at: Date;
  text: string;
  /** The run in which it was said. */
  runId: string | null;
  score: number;
  labels: Labels;
}

export interface Recalled {
  lines: FoundLine[];
  /** Lines that would stand among these, and rest on content from outside. */
  markedCount: number;
  /** Of what is shown. */
  labels: Labels;
}

export const recallLimits = { linesMax: 50, tokensMax: 8_000 } as const;
const linesDefault = 10;
const tokensDefault = 2_000;
/** Lines that are read for each that is shown: some repeat others, some are not for the reader. */
const readPerLine = 6;
/** Two lines that have this share of their words in common say the same. */
const sameShare = 0.8;
const refreshPassesMax = 4;

export async function recall(memory: Memory, request: RecallRequest): Promise<Recalled> {
  for (let pass = 0; pass < refreshPassesMax && (await refreshRecall(memory)); pass += 1);
  const { database, clock, labelSets } = memory.kernel;
  const { as, withMarked = false } = request;
  const limit = Math.min(Math.max(1, Math.trunc(request.limit ?? linesDefault)), recallLimits.linesMax);
  const tokensMax = Math.min(Math.max(1, request.tokensMax ?? tokensDefault), recallLimits.tokensMax);
  const find: FindLines = {
    query: request.query,
    labelSets: await labelSets.covered(database, clearanceOf(as)),
    kinds: request.kinds,
    ref: request.ref,
    since: request.since,
    until: request.until,
    nowMs: clock.nowMs(),
    limit: limit * readPerLine,
  };
  const [byWords, byVectors] = await Promise.all([
    findLines(database, find),
    memory.embedder === undefined ? [] : findNear(memory, memory.embedder, find),
  ]);
  const ranked = fuse(byWords, byVectors, find.limit);
  const corrections = await readCorrections(database, as);
  const known = (await readLines(memory, ranked))
    .filter((line) => mayRecall(as, line))
    .map((line) => withCorrections(line, corrections));
  const shown = withMarked ? known : known.filter(({ labels }) => !isUntrusted(labels));
  const lines = withinBudget(differing(shown), { limit, tokensMax });
  const lowest = lines.at(-1)?.score ?? 0;
  const markedCount = known.filter((line) => isUntrusted(line.labels) && line.score >= lowest).length;
  return {
    lines,
    markedCount: withMarked ? 0 : markedCount,
    labels: joinLabels(openLabels, ...lines.map(({ labels }) => labels)),
  };
}

/** What holds instead is the person's, as the fact is. */
function withCorrections(line: FoundLine, corrections: readonly Correction[]): FoundLine {
  const text = correctLine(line, corrections);
  if (text === line.text) return line;
  return {
    ...line,
    text,
    labels: corrections[0]?.isPrivate === true ? line.labels : joinLabels(line.labels, mainLabels),
  };
}

interface LineRow extends Omit<FoundLine, "labels" | "score"> {
  rank: number;
  labels: number;
}

/** In the order of their ranks. Messages that a person took back are left out. */
async function readLines({ kernel }: Memory, ranked: readonly RankedLine[]): Promise<FoundLine[]> {
  if (ranked.length === 0) return [];
  const rows = await kernel.database.query<LineRow>(
    `select rank, d.kind, d.ref as document, l.ref, l.said_by as "saidBy", l.at, l.text, l.labels, coalesce(m.run_id, f.run_id) as "runId"
     from unnest($1::integer[], $2::integer[]) with ordinality as r(document, place, rank)
     join memory.recall_line l on l.document = r.document and l.place = r.place
     join memory.recall_document d on d.id = l.document
     ${messageOfLineSql}
     left join memory.fact f on d.kind = 'fact' and f.id::text = d.ref
     where m.is_taken_back is not true
     order by rank`,
    [ranked.map(({ document }) => document), ranked.map(({ place }) => place)],
    { name: "memory_recall_read" },
  );
  const lines: FoundLine[] = [];
  for (const { rank, labels, ...row } of rows) {
    const place = ranked[rank - 1]!;
    if (!isOfTime(place, Math.floor(row.at.getTime() / 60_000))) continue;
    lines.push({ ...row, score: place.score, labels: await kernel.labelSets.read(kernel.database, labels) });
  }
  return lines;
}

function mayRecall(viewer: Viewer, { kind, document, labels }: FoundLine): boolean {
  if (kind === "file")
    return maySeeFile(viewer, document) && mayKnow(viewer, placedForViewer(viewer, document, labels));
  return mayKnow(viewer, labels);
}

/** Without lines that say what a better one says. */
function differing(lines: readonly FoundLine[]): FoundLine[] {
  const kept: { line: FoundLine; words: Set<string> }[] = [];
  for (const line of lines) {
    const words = wordsOf(line.text);
    if (!kept.some((other) => shareOf(words, other.words) >= sameShare)) kept.push({ line, words });
  }
  return kept.map(({ line }) => line);
}

function shareOf(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const common = a.intersection(b).size;
  return common / Math.max(1, a.size + b.size - common);
}

function withinBudget(
  lines: readonly FoundLine[],
  { limit, tokensMax }: { limit: number; tokensMax: number },
): FoundLine[] {
  const kept: FoundLine[] = [];
  let left = tokensMax;
  for (const line of lines) {
    const tokens = estimateTokens(line.text) + 15;
    if (kept.length === limit) break;
    if (tokens > left) continue;
    left -= tokens;
    kept.push(line);
  }
  return kept;
}
