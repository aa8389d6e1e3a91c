/**
 * What happened since a session was last told: read from the log by a cursor of its own, which moves only with the record of what was shown. After
 * a crash the same is shown again; nothing is lost.
 */
import {
  findOffsets,
  formatOffsets,
  listRuns,
  parseOffsets,
  readEnd,
  readLog,
  type DroppedEvents,
  type OffsetVector,
} from "@roost/kernel";
import { isUntrusted, type Labels } from "@roost/contract/labels";
import { correctResult, correctText, type Correction } from "../facts/corrections.ts";
import type { Memory } from "../memory.ts";
import { describeEvent, digestTypes, toldOf, withheldText, type DigestItem, type DigestReader } from "./digest-item.ts";
import { readRunResult } from "./read-run-result.ts";
import { renderDigest, type RenderedDigest } from "./render-digest.ts";

export interface Digest extends RenderedDigest {
  items: DigestItem[];
  /** Where the next digest begins. */
  offsets: string;
  /** Items worth attention. */
  newsCount: number;
  /** False: there is more than one digest holds; the next one continues. */
  isComplete: boolean;
}

export interface DigestQuery extends DigestReader {
  /** From an earlier digest; null: there was none. */
  offsets: string | null;
  /** When that was shown. */
  shownAt: Date | null;
  /** What does not hold any more. */
  corrections?: readonly Correction[] | undefined;
}

/** A digest holds Roost's own words and those of runs without outside content. */
export const digestLabels: Labels = { audiences: ["main"], trust: "agent", sources: [] };

/** Topics of Roost itself; services add theirs with their event types. */
const ownTopics = ["runs", "jobs", "notices", "home"];
/** A new session is told what happened in this time before it. */
const firstDigestMs = 24 * 3_600_000;
const pageSize = 500;
const pagesMax = 20;
const fetchedRunsMax = 50;

export async function buildDigest(memory: Memory, query: DigestQuery): Promise<Digest> {
  const { database, clock, registry } = memory.kernel;
  const told = registry.digests();
  const topics = topicsOf(memory);
  let after: OffsetVector = query.offsets === null ? await firstOffsets(memory) : parseOffsets(query.offsets);
  // It is told how much retention has dropped since; what that was is gone.
  let dropped: DroppedEvents[] = [];
  const items: DigestItem[] = [];
  let isComplete = false;
  for (let page = 0; page < pagesMax && !isComplete; page += 1) {
    const read = await readLog(database, { topics, types: [...digestTypes, ...told.keys()], after, limit: pageSize });
    for (const event of registry.upcast(read.events)) {
      const item = describeEvent(event, query, told.get(event.type)?.template);
      if (item !== undefined) items.push(item);
    }
    if (page === 0 && query.offsets !== null) dropped = read.dropped;
    after = read.offsets;
    isComplete = read.isCaughtUp;
  }
  const own = await withoutOwn(memory, await withOutputs(memory, items), query);
  const known = own.map((item) => asItHolds(item, query.corrections));
  return {
    ...renderDigest(known, {
      nowMs: clock.nowMs(),
      shownAt: query.shownAt,
      calendar: memory.calendar,
      isComplete,
      dropped,
    }),
    items: known,
    offsets: formatOffsets(after),
    newsCount: known.filter((item) => item.isNews).length,
    isComplete,
  };
}

function asItHolds(item: DigestItem, corrections: readonly Correction[] = []): DigestItem {
  if (corrections.length === 0) return item;
  const { text, runId, title } = item;
  return {
    ...item,
    title: correctText(title, corrections),
    ...(text !== undefined && { text: correctResult(text, corrections, runId) }),
  };
}

function topicsOf({ kernel }: Memory): string[] {
  return [...new Set([...ownTopics, ...[...kernel.registry.digests().values()].map(({ topic }) => topic)])];
}

/** To a new session the home's files are not news; other events of the last day are. */
async function firstOffsets(memory: Memory): Promise<OffsetVector> {
  const { database, clock } = memory.kernel;
  const since = new Date(clock.nowMs() - firstDigestMs);
  const [past, home] = await Promise.all([
    findOffsets(database, { topics: topicsOf(memory).filter((topic) => topic !== "home"), since }),
    readEnd(database, ["home"]),
  ]);
  return { ...past, ...home };
}

/** Results too long for an event are read from their run. */
async function withOutputs(memory: Memory, items: DigestItem[]): Promise<DigestItem[]> {
  let leftFetches = fetchedRunsMax;
  const complete: DigestItem[] = [];
  for (const item of items) {
    if (item.needsOutput !== true || item.runId === undefined || leftFetches === 0) {
      complete.push(item);
      continue;
    }
    leftFetches -= 1;
    const result = await readRunResult(memory, item.runId);
    const { needsOutput: _fetched, who = "a run", ...rest } = item;
    const told = toldOf(result, who);
    if (told.text === undefined) complete.push({ ...rest, ...told });
    else if (isUntrusted(result.labels))
      complete.push({
        ...rest,
        title: `${item.title} (${withheldText(result.text.length, result.labels, item.runId)})`,
      });
    else complete.push({ ...rest, ...told });
  }
  return complete;
}

/** Events of steps, notices and questions name their run, not their session. */
async function withoutOwn(memory: Memory, items: DigestItem[], reader: DigestReader): Promise<DigestItem[]> {
  const ids = [...new Set(items.flatMap((item) => item.runId ?? []))];
  if (ids.length === 0) return items;
  const own = new Set(await ownRuns(memory, reader, ids));
  return items.filter((item) => item.runId === undefined || !own.has(item.runId));
}

async function ownRuns(
  { kernel }: Memory,
  { sessionKey, sessionKind }: DigestReader,
  ids: string[],
): Promise<string[]> {
  // A heartbeat has no transcript, and its runs are few.
  if (sessionKind === "heartbeat") return (await listRuns(kernel, { sessionKey, limit: 500 })).map((run) => run.id);
  const rows = await kernel.database.query<{ runId: string }>(
    `select distinct run_id as "runId" from memory.message where run_id = any($2::uuid[]) and session_key = $1`,
    [sessionKey, ids],
  );
  return rows.map((row) => row.runId);
}
