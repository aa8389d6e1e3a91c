/**
 * What a home is made of, record by record: the lines of an import and of an export, one JSON object each. An import sends what it found elsewhere in
 * this form; an export writes it, and importing it again gives the same. Sources: apps/cli/src/import.
 */
import { z } from "zod";
import { Count, Json, JsonFields, Name, SessionKey, SessionKind, Slug, text, Time } from "./fields.ts";
import { fileBytesMax, HomePath, largeFileBytesMax, Sha256 } from "./file.ts";
import { labelLimits } from "../labels.ts";
import { textCharsMax } from "./limits.ts";
import { Grant } from "./notice.ts";
import { messageRoles } from "./session.ts";
import { HeartbeatMoved, ItemMoved, SourceMoved } from "./source-moved.ts";

export const homeRecordLimits = {
  /** Lines of one request, and its bytes. */
  linesMax: 500,
  bytesMax: 16 * 1024 ** 2,
  /** Bytes of a file that a record holds; those of a larger one are brought before it. */
  fileBytesMax,
  /** Characters of what is kept as it was. */
  keptCharsMax: 1_000_000,
  /** Lines of each list of a report, and bytes of a whole report: it becomes an event. */
  reportLinesMax: 200,
  reportBytesMax: 512 * 1024,
} as const;

const Labels = z.array(text(labelLimits.charsMax)).max(200);
const Uuid = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, "must be a UUID in lower case");
/** What it is called where it is from: the same at each import. */
const ref = text(1_000).min(1);
const kept = JsonFields.optional().describe("Fields that have no place here, as they were");

export const FileRecord = z.object({
  kind: z.literal("file"),
  ref,
  path: HomePath,
  text: z.string().optional(),
  base64: z.string().optional().describe("In place of text, when it is not UTF-8"),
  brought: z
    .object({ sha256: Sha256, bytes: Count.max(largeFileBytesMax) })
    .optional()
    .describe("In place of both, when it is too large for a record: what putImportRange has brought"),
  labels: Labels.optional().describe("Default: the person's"),
  sections: z
    .array(z.tuple([Count, Count, Labels]))
    .max(2_000)
    .optional()
    .describe("First line, count and labels, when lines differ"),
  kept,
});

export const SessionMoved = z.object({
  kind: z.literal("session"),
  ref,
  key: SessionKey,
  sessionKind: SessionKind,
  agent: Slug,
  title: Name.nullable(),
  createdAt: Time,
  beginsAt: Count.default(1).describe("The turn from which on agents read it"),
  kept,
});

export const messagePlaces = ["told", "asked", "answered"] as const;

export const MessageMoved = z.object({
  kind: z.literal("message"),
  ref,
  id: Uuid,
  sessionKey: SessionKey,
  seq: Count.min(1),
  turnId: Uuid.describe("The message that began its turn"),
  place: z.enum(messagePlaces),
  role: z.enum(messageRoles),
  text: z.string().max(textCharsMax),
  content: JsonFields.describe("As the agent's loop takes it"),
  labels: Labels,
  at: Time,
  source: Name.nullable().default(null),
  runId: Uuid.nullable().default(null),
  throughTurnId: Uuid.nullable().default(null).describe("Of a summary: the last turn that it stands for"),
  isTakenBack: z.boolean().default(false),
  isStale: z.boolean().default(false),
  isRehearsed: z.boolean().default(false),
  kept,
});

export const FactMoved = z.object({
  kind: z.literal("fact"),
  ref,
  id: Uuid,
  statement: z.string().min(1),
  subject: z.string().nullable(),
  attribute: z.string().nullable(),
  value: z.string().nullable(),
  isSingle: z.boolean(),
  validFrom: Time,
  validTo: Time.nullable(),
  recordedAt: Time,
  retractedAt: Time.nullable(),
  reason: z.string().nullable(),
  replacedBy: Uuid.nullable(),
  isClaim: z.boolean(),
  confidence: z.number().min(0).max(1),
  extractor: z.enum(["person", "agent", "nightly"]),
  by: Name,
  sourceEvent: text(200),
  runId: Uuid.nullable(),
  labels: Labels,
  dependents: z
    .array(z.object({ kind: z.enum(["summary", "fact", "run"]), ref: Uuid }))
    .describe("What was made with it: messages that are summaries, facts that were concluded, runs that rest on it"),
  givenTo: z.array(Uuid).describe("Runs whose tools gave it to them"),
});

export const StateMoved = z.object({
  kind: z.literal("state"),
  ref,
  name: Name,
  value: Json,
  labels: Labels,
});

export const GrantMoved = z.object({ kind: z.literal("grant"), ref, grant: Grant.omit({ state: true }) });

/** What happened: events, spending, versions of jobs. Kept as it is, and exported again; nothing follows from it. */
export const HistoryMoved = z.object({
  kind: z.literal("history"),
  ref,
  home: Name.describe("The home whose history it is"),
  topic: Name.describe("What it is: events, spend, agents, …"),
  at: Time.nullable(),
  record: JsonFields,
});

/** Of a part whose bytes came before: who may know it, and whether it can be trusted. */
export const PartMoved = z.object({
  kind: z.literal("part"),
  ref,
  sha256: Sha256,
  labels: Labels.optional().describe("Default: the person's"),
});

/** The lines of facts as MEMORY.md last had them: id and line. */
export const ViewMoved = z.object({ kind: z.literal("view"), ref, lines: z.array(z.tuple([Uuid, z.string()])) });

/** What an earlier import brought: the base of its next one. */
export const BaseMoved = z.object({
  kind: z.literal("base"),
  ref,
  source: Name,
  of: Name.describe("The kind of its record"),
  sha256: Sha256,
  hereSha256: Sha256.nullable(),
  place: text(1_024).nullable(),
  kept: JsonFields.nullable(),
});

export const exportKinds = [
  "session",
  "message",
  "fact",
  "view",
  "state",
  "part",
  "history",
  "base",
  "file",
  "source",
  "item",
  "heartbeat",
] as const;
export type ExportKind = (typeof exportKinds)[number];

/** What has no place here, kept as it was. */
export const KeptRecord = z.object({
  kind: z.literal("kept"),
  ref,
  what: Name.describe("What it is there"),
  record: Json,
});

export const HomeRecord = z
  .discriminatedUnion("kind", [
    FileRecord,
    SessionMoved,
    MessageMoved,
    FactMoved,
    StateMoved,
    GrantMoved,
    HistoryMoved,
    PartMoved,
    ViewMoved,
    BaseMoved,
    SourceMoved,
    ItemMoved,
    HeartbeatMoved,
    KeptRecord,
  ])
  .meta({ id: "HomeRecord" });
export type HomeRecord = z.output<typeof HomeRecord>;
export type HomeRecordGiven = z.input<typeof HomeRecord>;
export type HomeRecordOf<Kind extends HomeRecord["kind"]> = Extract<HomeRecord, { kind: Kind }>;

export const importActions = ["created", "changed", "same", "kept", "removed", "beside", "refused"] as const;

export const ImportOutcome = z
  .object({
    ref: z.string(),
    kind: z.string(),
    action: z
      .enum(importActions)
      .describe(
        "kept: changed here since, or on both sides; removed: it was removed here; beside: there is another here, so it stands beside it",
      ),
    path: z.string().nullable().describe("Where it is here"),
    reason: z.string().nullable(),
    isOnlyHere: z.boolean().describe("Kept, and unchanged where it is from: it may be written back"),
  })
  .meta({ id: "ImportOutcome" });
export type ImportOutcome = z.output<typeof ImportOutcome>;

const ReportLine = z.object({ name: z.string().max(1_100), reason: z.string().max(1_000) });

const ReportLines = z.array(ReportLine).max(homeRecordLimits.reportLinesMax);

export const ImportReport = z
  .object({
    kind: Name.describe("What it was taken for: openclaw 2026.9, claude code, …"),
    from: text(1_100),
    counts: z.record(z.string().max(64), z.partialRecord(z.enum(importActions), Count)).describe("By kind and action"),
    refused: ReportLines,
    kept: ReportLines.describe("Changed here since, removed here, or beside another"),
    noPlace: ReportLines.describe("What has no place here"),
    secrets: ReportLines.describe("What was left where it is, and lines that look like secrets"),
    notes: z.array(text(1_100)).max(homeRecordLimits.reportLinesMax),
    leftOut: Count.describe("Lines of these lists beyond their limits"),
  })
  .refine((report) => bytesOf(report) <= homeRecordLimits.reportBytesMax, {
    error: `has at most ${homeRecordLimits.reportBytesMax} bytes as JSON: leave lines out`,
  })
  .meta({ id: "ImportReport" });
export type ImportReport = z.output<typeof ImportReport>;

const reportLists = ["refused", "kept", "noPlace", "secrets", "notes"] as const;

/** A report within its limits: of lists that are too long the last lines are left out, and counted. */
export function limitReport(report: ImportReport): ImportReport {
  const limited = { ...report };
  const cut = (name: (typeof reportLists)[number], count: number) => {
    limited.leftOut += limited[name].length - count;
    (limited as Record<string, unknown>)[name] = limited[name].slice(0, count);
  };
  for (const name of reportLists)
    if (limited[name].length > homeRecordLimits.reportLinesMax) cut(name, homeRecordLimits.reportLinesMax);
  while (bytesOf(limited) > homeRecordLimits.reportBytesMax) {
    const longest = reportLists.toSorted((left, right) => bytesOf(limited[right]) - bytesOf(limited[left]))[0]!;
    cut(longest, Math.floor(limited[longest].length / 2));
  }
  return limited;
}

function bytesOf(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value)).byteLength;
}

export const LastExport = z
  .object({
    at: Time,
    by: Name,
    fileCount: Count,
    leftOutCount: Count.describe("Secrets, and what could not be read"),
  })
  .meta({ id: "LastExport" });
export type LastExport = z.output<typeof LastExport>;
