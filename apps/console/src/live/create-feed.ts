/**
 * What the whole console shows: active work, status, what needs the person, what just ended. Events move the steps of a run at once and mark the rest
 * as due for a reading, which happens at most once a second. So whatever was missed, the next reading is right.
 */
import type {
  ActivityRecord,
  Event,
  InboxEntryRecord,
  RunSummary,
  Status,
  StepSpanRecord,
} from "@roost/contract/operations";
import type { ConsoleClient } from "../api/create-connect.ts";
import { createCells, type Cells } from "./create-cells.ts";
import { foldSpan, type Span } from "./fold-span.ts";
import type { Live } from "./create-live.ts";
import { feedAsks } from "./feed-asks.ts";

/** Rows by id are cells of their own, so that one moving run draws one row. */
export interface FeedValues {
  /** Active runs in order, then what is due. */
  rows: readonly ActivityRecord[];
  ended: readonly RunSummary[];
  status: Status;
  inbox: readonly InboxEntryRecord[];
  /** When the last complete reading was, in ms; a reading that was kept from an earlier visit has its own. */
  asOf: number;
  /** Why the last reading failed; undefined when it did not. */
  failure: string;
  [row: `run:${string}`]: ActivityRecord;
  [spans: `spans:${string}`]: readonly Span[];
}

export type FeedCells = Cells<FeedValues>;

export interface Kept {
  asOf: number;
  rows: readonly ActivityRecord[];
  ended: readonly RunSummary[];
  status: Status;
}

export interface FeedOptions {
  client: Pick<ConsoleClient, "listActivity" | "listRuns" | "listInbox" | "getStatus" | "readStepSpans">;
  live: Pick<Live, "onEvent" | "onFresh">;
  nowMs: () => number;
  schedule: (tell: () => void) => void;
  setTimer: (call: () => void, ms: number) => void;
  /** The reading of an earlier visit, shown until there is a new one. */
  kept?: Kept | undefined;
  onRead?: (kept: Kept) => void;
}

export interface Feed {
  cells: FeedCells;
  /** Reads everything now. */
  read(): void;
}

const soonMs = 250;
const betweenMs = 1_000;
const retryMs = 5_000;
/** Time alone changes it: what is due, what was spent. */
const idleMs = 60_000;
/** Ids that fit into an address; the steps of further runs come with the next reading. */
const spanRunsMax = 200;

/** Topics whose events change what is active, due or asked. */
const telling = new Set(["runs", "jobs", "notices", "approvals", "queues", "workers", "sessions"]);

export function createFeed(options: FeedOptions): Feed {
  const { client, nowMs, setTimer } = options;
  const cells = createCells<FeedValues>(options.schedule);
  let isReading = false;
  let isDue = false;
  let isPlanned = false;
  let lastMs = Number.NEGATIVE_INFINITY;
  if (options.kept !== undefined) show(cells, options.kept, undefined);
  const read = async (isFresh = false) => {
    if (isReading) {
      isDue = true;
      return;
    }
    isReading = true;
    isDue = false;
    lastMs = nowMs();
    try {
      const reading = await readLists(client);
      show(cells, { ...reading, asOf: nowMs() }, reading.inbox);
      cells.set("failure", undefined);
      options.onRead?.({ ...reading, asOf: nowMs() });
      // Another round trip: the lists do not wait for it.
      await readSteps(client, cells, { ...reading, isFresh });
    } catch (error) {
      cells.set("failure", (error as Error).message);
      setTimer(plan, retryMs);
    }
    isReading = false;
    if (isDue) plan();
  };
  const plan = () => {
    if (isReading) isDue = true;
    if (isReading || isPlanned) return;
    isPlanned = true;
    setTimer(
      () => {
        isPlanned = false;
        void read();
      },
      Math.max(soonMs, lastMs + betweenMs - nowMs()),
    );
  };
  const tick = () => {
    if (nowMs() - lastMs >= idleMs) plan();
    setTimer(tick, idleMs);
  };
  // Steps that began or ended unheard have to be read again, too.
  options.live.onFresh(() => void read(true));
  options.live.onEvent((event) => {
    foldStep(cells, event);
    if (telling.has(event.topic)) plan();
  });
  setTimer(tick, idleMs);
  return { cells, read: () => void read() };
}

async function readLists(client: FeedOptions["client"]) {
  const [activity, status, ended, open] = await Promise.all([
    client.listActivity(feedAsks.listActivity),
    client.getStatus(feedAsks.getStatus),
    client.listRuns(feedAsks.listRuns),
    client.listInbox(feedAsks.listInbox),
  ]);
  return { rows: activity.items, ended: ended.items, status, inbox: open.items };
}

async function readSteps(
  client: FeedOptions["client"],
  cells: FeedCells,
  { rows, ended, isFresh }: Pick<Kept, "rows" | "ended"> & { isFresh: boolean },
): Promise<void> {
  const unknown = [...rows.map(({ runId }) => runId), ...ended.map(({ id }) => id)]
    .filter((id) => id !== null)
    .filter((id) => isFresh || cells.get(`spans:${id}`) === undefined);
  if (unknown.length === 0) return;
  const { items } = await client.readStepSpans({ runIds: unknown.slice(0, spanRunsMax) });
  for (const [id, spans] of groupSpans(items)) cells.set(`spans:${id}`, spans);
}

function groupSpans(items: readonly StepSpanRecord[]): Map<string, Span[]> {
  const groups = new Map<string, Span[]>();
  for (const { runId, seq, name, kind, state, startedAt, endedAt } of items) {
    const spans = groups.get(runId) ?? [];
    spans.push({
      seq,
      name,
      kind,
      state,
      from: Date.parse(startedAt),
      to: endedAt === null ? null : Date.parse(endedAt),
    });
    groups.set(runId, spans);
  }
  return groups;
}

function show(cells: FeedCells, kept: Kept, inbox: readonly InboxEntryRecord[] | undefined): void {
  const rows = cells.get("rows") ?? [];
  const after = new Set(kept.rows.map(({ id }) => id));
  for (const { id } of rows) if (!after.has(id)) cells.set(`run:${id}`, undefined);
  const shown = new Set([...after, ...kept.ended.map(({ id }) => id)]);
  for (const { id } of [...rows, ...(cells.get("ended") ?? [])])
    if (!shown.has(id)) cells.set(`spans:${id}`, undefined);
  for (const row of kept.rows) if (!isSame(cells.get(`run:${row.id}`), row)) cells.set(`run:${row.id}`, row);
  cells.set("rows", kept.rows);
  cells.set("ended", kept.ended);
  cells.set("status", kept.status);
  cells.set("asOf", kept.asOf);
  if (inbox !== undefined) cells.set("inbox", inbox);
}

function isSame(one: ActivityRecord | undefined, other: ActivityRecord): boolean {
  return one !== undefined && JSON.stringify(one) === JSON.stringify(other);
}

/** What an event says of a step is shown at once; the next reading brings the sums. */
function foldStep(cells: FeedCells, event: Event): void {
  const runId = event.data["runId"];
  if (typeof runId !== "string" || !event.type.startsWith("step.")) return;
  cells.set(`spans:${runId}`, foldSpan(cells.get(`spans:${runId}`) ?? [], event));
  const row = cells.get(`run:${runId}`);
  if (row === undefined) return;
  const { name, costUsd } = event.data;
  const { inputTokens = 0, outputTokens = 0 } = (event.data["usage"] ?? {}) as Partial<Record<string, number>>;
  const stepName = event.type === "step.started" && typeof name === "string" ? name : row.stepName;
  const spent = typeof costUsd === "number" ? costUsd : 0;
  cells.set(`run:${runId}`, {
    ...row,
    stepName,
    costUsd: row.costUsd + spent,
    tokens: row.tokens + inputTokens + outputTokens,
  });
}
