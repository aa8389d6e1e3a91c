/** Sends what a reader finds, in batches, and gathers what became of it. Holds one batch in memory. */
import { RoostError } from "@roost/base";
import {
  homeRecordLimits,
  type HomeRecordGiven,
  type ImportOutcome,
  type ImportReport,
} from "@roost/contract/operations";
import type { Part } from "@roost/contract/part";
import type { RoostClient } from "../connect.ts";
import { answerMsMax } from "../bring-ranges.ts";
import type { Finding, Found } from "./found/found.ts";
import { inBatches } from "./in-batches.ts";
import { reasonOf } from "./reason-of.ts";
import { sendLargeFile } from "./send-large-file.ts";

/** Of a request. */
const recordsMax = 200;
const nameCharsMax = 1_000;

export interface SendOptions {
  source: string;
  isDryRun: boolean;
  replaces: boolean;
  restores: boolean;
  isWholeHome?: boolean;
  onProgress: (count: number, last: string) => void;
  /** Called for each file that stays as it is here and did not change there. */
  onOnlyHere?: (record: HomeRecordGiven, outcome: ImportOutcome, origin: string) => void;
}

export type GatheredReport = Omit<ImportReport, "kind" | "from">;

export function emptyReport(): GatheredReport {
  return { counts: {}, refused: [], kept: [], noPlace: [], secrets: [], notes: [], leftOut: 0 };
}

export async function sendRecords(
  client: RoostClient,
  finding: Finding,
  options: SendOptions,
): Promise<GatheredReport> {
  const report = emptyReport();
  let count = 0;
  const lines = linesOf(client, finding, { report, isDryRun: options.isDryRun });
  for await (const sent of inBatches(lines, recordsMax, ({ line }) => line)) {
    const whole = sent.filter(({ content }) => content === undefined).map(({ line }) => line);
    const outcomes = whole.length === 0 ? [] : await sendBatch(client, whole, options);
    for (const each of sent) {
      if (each.content === undefined) continue;
      options.onProgress(count, each.record.ref);
      outcomes.push(await sendLarge(client, each, options));
    }
    for (const outcome of outcomes) {
      gather(report, outcome);
      const of = outcome.isOnlyHere ? sent.find(({ record: { ref } }) => ref === outcome.ref) : undefined;
      if (of?.origin !== undefined) options.onOnlyHere?.(of.record, outcome, of.origin);
    }
    count += sent.length;
    options.onProgress(count, sent.at(-1)!.record.ref);
  }
  return report;
}

interface RecordLine {
  record: HomeRecordGiven;
  origin: string | undefined;
  /** The file whose bytes are brought before it. */
  content: string | undefined;
  line: string;
}

async function sendLarge(
  client: RoostClient,
  { record, line, content }: RecordLine,
  options: SendOptions,
): Promise<ImportOutcome> {
  return await sendLargeFile(client, {
    record,
    file: content!,
    isDryRun: options.isDryRun,
    async send({ isDryRun }) {
      const [outcome] = await sendBatch(client, [line], { ...options, isDryRun });
      return outcome!;
    },
  });
}

/** The records that can be sent; what else is found is reported. */
async function* linesOf(
  client: RoostClient,
  finding: Finding,
  { report, isDryRun }: { report: GatheredReport; isDryRun: boolean },
): AsyncGenerator<RecordLine> {
  const seen = new Set<string>();
  for await (const found of finding) {
    if (found.found === "note") addLine(report, report.notes, found.text.slice(0, nameCharsMax));
    else if (found.found !== "record") addNamed(report, found.found, found);
    else {
      const record = await withPictures(client, found, { report, isDryRun });
      const line = JSON.stringify(record);
      const problem = problemOf(record, line, seen);
      if (problem === undefined) yield { record, origin: found.origin, content: found.content, line };
      else {
        addNamed(report, "refused", { name: record.ref, reason: problem });
        countOne(report, record.kind, "refused");
      }
    }
  }
}

/** The message, naming its pictures as parts; one that cannot be kept is named, and the message comes without it. */
async function withPictures(
  client: RoostClient,
  { record, pictures = [] }: Extract<Found, { found: "record" }>,
  { report, isDryRun }: { report: GatheredReport; isDryRun: boolean },
): Promise<HomeRecordGiven> {
  if (isDryRun || record.kind !== "message" || pictures.length === 0) return record;
  const parts: Part[] = [];
  for (const [index, content] of pictures.entries())
    try {
      const { part } = await client.uploadPart({ content });
      parts.push({ ...part, labels: [...record.labels] });
    } catch (error) {
      addNamed(report, "refused", { name: `${record.ref} picture ${index + 1}`, reason: reasonOf(error) });
    }
  return { ...record, content: { ...record.content, parts } };
}

/** Two files there may fall on one name here: the first has it. */
function problemOf(record: HomeRecordGiven, line: string, seen: Set<string>): string | undefined {
  if (line.length > homeRecordLimits.bytesMax) return `it is longer than ${homeRecordLimits.bytesMax} characters`;
  if (record.kind !== "file") return undefined;
  const name = record.path.normalize("NFC").toLowerCase();
  if (seen.has(name)) return `another file there comes in as ${record.path}: rename one of them`;
  seen.add(name);
  return undefined;
}

export async function sendBatch(
  client: RoostClient,
  lines: readonly string[],
  options: Pick<SendOptions, "source" | "isDryRun" | "replaces" | "restores" | "isWholeHome">,
): Promise<ImportOutcome[]> {
  const { source, isDryRun, replaces, restores, isWholeHome = false } = options;
  const bytes = new TextEncoder().encode(lines.join("\n"));
  const content = { mediaType: "application/x-ndjson", bytes };
  const { outcomes } = await client.importRecords(
    { source, isDryRun, replaces, restores, isWholeHome, content },
    { timeoutMs: answerMsMax },
  );
  if (outcomes.length < lines.length)
    throw new RoostError("internal", `${lines.length} records were sent and ${outcomes.length} were answered`);
  return outcomes;
}

function gather(report: GatheredReport, { ref, kind, action, path, reason }: ImportOutcome): void {
  countOne(report, kind, action);
  const name = path === null || path === ref ? ref : `${ref} (${path})`;
  if (action === "refused") addNamed(report, "refused", { name: ref, reason: reason ?? "it cannot be taken over" });
  else if (action === "kept" || action === "removed" || action === "beside")
    addNamed(report, "kept", { name, reason: reason ?? action });
}

export function countOne(report: GatheredReport, kind: string, action: ImportOutcome["action"], times = 1): void {
  if (times === 0) return;
  const of = (report.counts[kind] ??= {});
  of[action] = (of[action] ?? 0) + times;
}

const listOf = { refused: "refused", kept: "kept", "no-place": "noPlace", secret: "secrets" } as const;

export function addNamed(
  report: GatheredReport,
  kind: keyof typeof listOf,
  { name, reason }: { name: string; reason: string },
): void {
  addLine(report, report[listOf[kind]], {
    name: name.slice(0, nameCharsMax).toWellFormed(),
    reason: reason.slice(0, nameCharsMax).toWellFormed(),
  });
}

function addLine<Line>(report: GatheredReport, list: Line[], line: Line): void {
  if (list.length < homeRecordLimits.reportLinesMax) list.push(line);
  else report.leftOut += 1;
}
