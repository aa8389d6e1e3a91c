/**
 * A pass over what is new: at most once a day, a run that is shown lines that it has not seen before, as many as fit. What rests on content from outside
 * is not among them. What a pass asks and makes of the answer is its own.
 */
import { estimateTokens } from "@roost/agent";
import type { JsonObject } from "@roost/base";
import { isUntrusted, joinLabels, mainLabels, type Labels } from "@roost/contract/labels";
import { createRun, getRun, raiseNotice, type KernelTransaction, type Run, type SchedulerLoop } from "@roost/kernel";
import { correctLine, readCorrections } from "../facts/corrections.ts";
import { recordSources } from "../facts/mark-stale.ts";
import type { Memory } from "../memory.ts";
import { messageOfLineSql } from "../recall/index-document.ts";
import { refreshRecall } from "../recall/refresh-recall.ts";
import type { NightlySettings } from "../settings/nightly.ts";

type Look = Awaited<ReturnType<SchedulerLoop["look"]>>;

export interface NightlyPass {
  name: "facts" | "consolidation";
  settings: NightlySettings;
  title: string;
  reason: string;
  /** Lines of conversations count too, not of notes alone. */
  readsConversations: boolean;
  /** What the run is given beside its agent's model; undefined: there is nothing to do. */
  input(tx: KernelTransaction, material: readonly string[]): Promise<JsonObject | undefined>;
  /** In the transaction that ends the pass, for a run that was no rehearsal. */
  take(tx: KernelTransaction, run: Run): Promise<void>;
  /** After it. */
  settle?: () => Promise<void>;
}

const pollMs = 10 * 60_000;
/** Read and answered in one pass; what is more is read the next night. */
const readTokensMax = 6_000;
const linesMax = 400;
/** A note of a day is read that is at most so much older than what was read last: notes that were moved in are not news. */
const noteDays = 2;

export function createPassLoop(memory: Memory, pass: NightlyPass): SchedulerLoop {
  return { name: `nightly ${pass.name}`, channels: () => [], pollMs, look: () => lookAtPass(memory, pass) };
}

/** Takes over what the last run answered, or begins one that is due. */
export async function lookAtPass(memory: Memory, pass: NightlyPass): Promise<Look> {
  const row = await readPass(memory, pass);
  if (row.runId !== null) return takeAnswer(memory, pass, row.runId);
  if (!isDue(memory, pass, row)) return {};
  while (await refreshRecall(memory));
  await beginPass(memory, pass);
  return {};
}

interface PassRow {
  runId: string | null;
  /** Everything before it was read, or is being read. */
  readUntil: Date;
  startedAt: Date | null;
}

async function readPass({ kernel }: Memory, { name }: NightlyPass): Promise<PassRow> {
  const [row] = await kernel.database.query<PassRow>(
    `insert into memory.nightly (name, read_until) values ($1, roost.now() - interval '1 day') on conflict (name) do update set name = excluded.name
     returning run_id as "runId", read_until as "readUntil", started_at as "startedAt"`,
    [name],
  );
  return row!;
}

/** Once a day of the home's calendar, after the time of day that the settings name. */
function isDue({ kernel, calendar }: Memory, { settings }: NightlyPass, { startedAt }: PassRow): boolean {
  const nowMs = kernel.clock.nowMs();
  if (startedAt !== null && calendar.dayAt(startedAt.getTime()) === calendar.dayAt(nowMs)) return false;
  return calendar.timeOfDayAt(nowMs) >= settings.at;
}

interface NewLine {
  text: string;
  saidBy: string | null;
  runId: string | null;
  at: Date;
  /** When it was said, or noted, to the microsecond: all lines of a day's note have the same time of day. */
  newSince: string;
  labels: number;
}

async function beginPass(memory: Memory, pass: NightlyPass): Promise<void> {
  const { kernel } = memory;
  const { name } = pass;
  const { budget, agent, model } = pass.settings;
  await kernel.transact(async (tx) => {
    // Of many gateways one begins it.
    const [held] = await tx.query<{ readUntil: string }>(
      `select read_until::text as "readUntil" from memory.nightly where name = $1 and run_id is null for update`,
      [name],
    );
    if (held === undefined) return;
    const lines = await tx.query<NewLine>(
      `select l.text, l.said_by as "saidBy", m.run_id as "runId", l.at, new.since::text as "newSince", l.labels
       from memory.recall_line l join memory.recall_document d on d.id = l.document ${messageOfLineSql},
         lateral (select case when d.kind = 'file' then l.first_at else l.at end as since) new
       where new.since > $1::timestamptz and m.is_taken_back is not true and (d.kind = 'conversation' and $2 and d.ref !~ '^(cron|heartbeat|subagent|channel):'
         or d.kind = 'file' and d.ref ~ '^memory/[0-9]{4}-' and l.at > $1::timestamptz - ${noteDays} * interval '1 day')
       order by new.since, l.document, l.place limit ${linesMax}`,
      [held.readUntil, pass.readsConversations],
    );
    const { material, labels, until } = await choose(memory, tx, lines);
    const input = material.length === 0 ? undefined : await pass.input(tx, material);
    if (input === undefined) {
      await tx.query(
        "update memory.nightly set started_at = roost.now(), read_until = coalesce($1::timestamptz, read_until) where name = $2",
        [until ?? null, name],
      );
      return;
    }
    const { runId } = await createRun(tx, {
      reason: pass.reason,
      title: pass.title,
      agent,
      sessionKind: "subagent",
      input: { ...input, ...(model !== undefined && { model }) },
      budget,
      // A run of this kind without a parent would count as from outside.
      labelSet: await tx.labelSet(labels),
    });
    await recordSources(tx, runId, { text: material.join("\n") });
    await tx.query("update memory.nightly set run_id = $1, started_at = roost.now(), read_until = $2 where name = $3", [
      runId,
      until,
      name,
    ]);
  });
}

/**
 * What the model is shown: nothing that rests on content from outside, as much as fits. Lines of one moment are taken together: what is left is newer
 * than what was read. The first are taken whatever their length, so that none stops those behind it.
 */
async function choose({ kernel, calendar }: Memory, tx: KernelTransaction, lines: readonly NewLine[]) {
  const corrections = await readCorrections(tx, { kind: "main" });
  const material: string[] = [];
  let labels: Labels = mainLabels;
  let until: string | undefined;
  let left = readTokensMax;
  const moments = [...Map.groupBy(lines, ({ newSince }) => newSince)];
  // Of the last one more lines may be there than were read.
  if (lines.length === linesMax && moments.length > 1) moments.pop();
  for (const [newSince, together] of moments) {
    const shown = [];
    for (const line of together) {
      const itsLabels = await kernel.labelSets.read(tx, line.labels);
      const text = `[${calendar.momentAt(line.at.getTime())}] ${line.saidBy ?? "note"}: ${correctLine(line, corrections)}`;
      if (!isUntrusted(itsLabels)) shown.push({ text, labels: itsLabels });
    }
    left -= shown.reduce((sum, { text }) => sum + estimateTokens(text), 0);
    if (left < 0 && material.length > 0) break;
    material.push(...shown.map(({ text }) => text));
    labels = joinLabels(labels, ...shown.map((line) => line.labels));
    until = newSince;
  }
  return { material, labels, until };
}

async function takeAnswer(memory: Memory, pass: NightlyPass, runId: string): Promise<Look> {
  const { kernel } = memory;
  const run = await getRun(kernel.database, runId);
  if (run.endedAt === null) return { atMs: kernel.clock.nowMs() + 60_000 };
  await kernel.transact(async (tx) => {
    const [taken] = await tx.query("update memory.nightly set run_id = null where run_id = $1 returning 1", [runId]);
    if (taken !== undefined && !run.isRehearsed) await pass.take(tx, run);
  });
  await pass.settle?.();
  return { isMore: true };
}

/** `what`: what did not come of it. */
export function tellFailedPass(tx: KernelTransaction, { id }: Run, what: string): void {
  raiseNotice(tx, {
    level: "warning",
    source: "memory",
    runId: id,
    text: `${what}. The next one reads on; roost run show ${id} shows it`,
  });
}
