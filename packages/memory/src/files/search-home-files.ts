/** Searches the text files that a viewer may see. Reads the files themselves: no index. */
import { join } from "node:path";
import { RoostError } from "@roost/base";
import { joinLabels, missingLabels, type Labels } from "@roost/contract/labels";
import { clipText } from "@roost/contract/operations";
import { homeLimits } from "../disk/home-limits.ts";
import { parseHomePath } from "../disk/home-path.ts";
import { readDiskFile, textOf } from "../disk/read-disk-file.ts";
import { walkHome, type WalkedFile } from "../disk/walk-home.ts";
import type { Memory } from "../memory.ts";
import type { Viewer } from "../visibility/viewer.ts";
import { labelsOfAll, labelsOfLines } from "../records/line-marks.ts";
import { marksOfFile } from "./marks-of-file.ts";
import { hasKnownName } from "../visibility/has-known-name.ts";
import { maySeeFile } from "../visibility/visibility.ts";

export interface SearchRequest {
  /** Words; lines with more of them come first. */
  query: string;
  as: Viewer;
  under?: string | undefined;
  /** At most 50. Default 20. */
  limit?: number;
  signal?: AbortSignal;
}

export interface SearchHit {
  path: string;
  /** From 1. */
  line: number;
  /** The line, cut when it is long. */
  text: string;
  modifiedAt: Date;
}

export interface SearchResult {
  hits: SearchHit[];
  /** Labels of the matching lines. */
  labels: Labels;
  fileCount: number;
  /** False: the limit of files or bytes was reached first. */
  isComplete: boolean;
}

const lineCharsMax = 300;

/** Best hits first: by number of words, then by newer files. */
export async function searchHomeFiles(memory: Memory, request: SearchRequest): Promise<SearchResult> {
  const words = wordsOf(request.query);
  const limit = Math.min(Math.max(1, Math.trunc(request.limit ?? 20)), homeLimits.searchHitsMax);
  const prefix = request.under === undefined ? "" : `${parseHomePath(request.under)}/`;
  await memory.mirror?.refresh();
  const walk = await walkHome(memory.homeDir);
  const candidates = walk.files
    .filter(
      ({ path, bytes }) => path.startsWith(prefix) && bytes <= homeLimits.fileBytesMax && maySeeFile(request.as, path),
    )
    .sort((left, right) => right.modifiedAt.getTime() - left.modifiedAt.getTime() || (left.path < right.path ? -1 : 1));
  const found: (SearchHit & { score: number })[] = [];
  let leftBytes = homeLimits.searchBytesMax;
  let fileCount = 0;
  for (const file of candidates) {
    request.signal?.throwIfAborted();
    if (file.bytes > leftBytes) break;
    leftBytes -= file.bytes;
    fileCount += 1;
    found.push(...(await searchFile(file, words)));
    if (found.length > 20 * limit) keepBest(found, limit);
  }
  keepBest(found, limit);
  const hits = found.map(({ score: _score, ...hit }) => hit);
  return {
    hits,
    labels: await labelsOfHits(memory, request.as, hits),
    fileCount,
    isComplete: walk.isComplete && fileCount === candidates.length,
  };
}

async function labelsOfHits(memory: Memory, viewer: Viewer, hits: SearchHit[]): Promise<Labels> {
  const parts: Labels[] = [];
  for (const [path, lines] of Map.groupBy(hits, (hit) => hit.path)) {
    const disk = await readDiskFile(join(memory.homeDir, path)).catch(() => undefined);
    const text = disk && textOf(disk.bytes);
    // Deleted since it was searched: its labels can no longer be read.
    if (disk === undefined || text === undefined) parts.push(missingLabels);
    else {
      const marks = await marksOfFile(memory, viewer, { path, sha256: disk.sha256, text });
      for (const { line } of lines) parts.push(labelsOfLines(marks, { from: line, count: 1 }));
      if (!hasKnownName(viewer, path)) parts.push(labelsOfAll(marks));
    }
  }
  return joinLabels(...parts);
}

function wordsOf(query: string): string[] {
  const words = fold(query)
    .split(/[^\p{L}\p{N}_./:@-]+/u)
    .filter((word) => word !== "");
  if (words.length === 0)
    throw new RoostError("invalid_input", "the search has no words: write what a line may contain");
  if (words.length > homeLimits.searchTermsMax) {
    throw new RoostError(
      "invalid_input",
      `the search has ${words.length} words (limit ${homeLimits.searchTermsMax}): use the most specific ones`,
    );
  }
  return [...new Set(words)];
}

async function searchFile(file: WalkedFile, words: string[]): Promise<(SearchHit & { score: number })[]> {
  const disk = await readDiskFile(file.absolute).catch(() => undefined);
  const text = disk && textOf(disk.bytes);
  if (text === undefined) return [];
  const title = fold(file.path);
  const hits: (SearchHit & { score: number })[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const folded = fold(line);
    const inLine = words.filter((word) => folded.includes(word)).length;
    if (inLine === 0) continue;
    const inTitle = words.filter((word) => title.includes(word)).length;
    hits.push({
      path: file.path,
      line: index + 1,
      text: clipText(line.trim(), lineCharsMax),
      modifiedAt: file.modifiedAt,
      score: inLine * 4 + inTitle,
    });
  }
  return hits;
}

function keepBest(hits: (SearchHit & { score: number })[], limit: number): void {
  // Stable: with equal scores the newest files stay first, and lines in order.
  hits.sort((left, right) => right.score - left.score);
  hits.length = Math.min(hits.length, limit);
}

function fold(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}
