/** Moving in and out: lines of an import go to the rooms that own them. */
import { importGrant } from "@roost/approvals";
import { describeIssue, formatPath, RoostError } from "@roost/base";
import { formatCursor, parseCursor, serve, type Served } from "@roost/contract";
import { formatLabels, joinLabels, mainLabels, untrustedFrom } from "@roost/contract/labels";
import * as operations from "@roost/contract/operations";
import type { Kernel } from "@roost/kernel";
import {
  exportRecords,
  importRecords,
  memoryRecordKinds,
  noteExport,
  oneByOne,
  outcomeOf,
  readLastExport,
  takeImportRange,
  type ImportTerms,
  type Memory,
  type MemoryRecord,
} from "@roost/memory";
import { z } from "zod";
import { isPerson } from "../security/told-to.ts";

const { homeRecordLimits, HomeRecord } = operations;

export function serveMoving({ memory, homeId }: { memory: Memory; homeId: string }): Served[] {
  const { kernel } = memory;
  return [
    serve(operations.importRecords, async ({ content, ...given }, { principal }) => {
      if (given.isWholeHome && !isPerson(principal))
        throw new RoostError(
          "forbidden",
          "settings, grants and labels of a home come by the person alone: use the home's token",
        );
      const options: ImportTerms = { ...given, by: principal.id };
      const { records, outcomes } = readLines(content.bytes);
      outcomes.push(...(await importRecords(memory, records.filter(isOfMemory), options)));
      for (const record of records)
        if (record.kind === "grant") outcomes.push(await oneByOne(record, () => takeGrant(kernel, record, options)));
      return { outcomes };
    }),

    serve(operations.putImportRange, async ({ content, ...part }) =>
      takeImportRange(memory, { ...part, content: content.bytes }),
    ),

    serve(operations.finishImport, async ({ source, report }, { principal }) => {
      const eventId = await kernel.transact(async (tx) =>
        tx.emit({
          type: "import.done",
          subject: source,
          // It quotes names and reasons that come from there.
          labels: formatLabels(joinLabels(mainLabels, untrustedFrom("import", source))),
          data: { by: principal.id, source, report: JSON.parse(JSON.stringify(report)) },
        }),
      );
      return { eventId };
    }),

    serve(operations.exportRecords, async ({ kind, limit, after }) => {
      const place = after === undefined ? undefined : parseCursor(Place, after);
      const { items, next } = await exportRecords(memory, { kind, limit, after: place });
      return { home: homeId, items, next: next === undefined ? null : formatCursor(next) };
    }),

    serve(operations.finishExport, async (counts, { principal }) => ({
      export: await noteExport(kernel, { by: principal.id, ...counts }),
    })),

    serve(operations.getLastExport, async () => ({ export: await readLastExport(kernel) })),
  ];
}

async function takeGrant(
  kernel: Kernel,
  record: operations.HomeRecordOf<"grant">,
  { isWholeHome, isDryRun }: ImportTerms,
): Promise<operations.ImportOutcome> {
  if (isWholeHome !== true) throw new RoostError("forbidden", "a grant comes with an export of a home alone");
  const { grantedAt, expiresAt, revokedAt, lastUsedAt, ...grant } = record.grant;
  if (isDryRun === true) return outcomeOf(record, "created");
  const isNew = await kernel.transact((tx) =>
    importGrant(tx, {
      ...grant,
      grantedAt: new Date(grantedAt),
      expiresAt: new Date(expiresAt),
      revokedAt: revokedAt === null ? null : new Date(revokedAt),
      lastUsedAt: lastUsedAt === null ? null : new Date(lastUsedAt),
    }),
  );
  return outcomeOf(record, isNew ? "created" : "same");
}

const Place = z.array(z.string()).max(4);

function isOfMemory(record: operations.HomeRecord): record is MemoryRecord {
  return (memoryRecordKinds as readonly string[]).includes(record.kind);
}

interface ReadLines {
  records: operations.HomeRecord[];
  /** Of lines that are no records. */
  outcomes: operations.ImportOutcome[];
}

function readLines(bytes: Uint8Array): ReadLines {
  const read: ReadLines = { records: [], outcomes: [] };
  const lines = new TextDecoder()
    .decode(bytes)
    .split("\n")
    .filter((line) => line.trim() !== "");
  for (const [index, line] of lines.entries()) {
    const where = `line ${index + 1}`;
    const value = index < homeRecordLimits.linesMax ? parse(line) : undefined;
    const parsed = HomeRecord.safeParse(value);
    if (parsed.success) {
      read.records.push(parsed.data);
      continue;
    }
    const { ref = where, kind = "line" } = (value ?? {}) as { ref?: unknown; kind?: unknown };
    const issue = parsed.error.issues[0]!;
    const reason =
      value === undefined
        ? index < homeRecordLimits.linesMax
          ? "it is not JSON"
          : `a request takes ${homeRecordLimits.linesMax} lines`
        : `${formatPath(issue.path) || "it"}: ${describeIssue(issue)}`;
    read.outcomes.push(outcomeOf({ ref: String(ref), kind: String(kind) as "file" }, "refused", { reason }));
  }
  return read;
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
