/** Moving in and out: lines of an import go to the rooms that own them. */
import { serve, type Served } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import {
  importRecords,
  memoryRecordKinds,
  outcomeOf,
  type ImportTerms,
  type Memory,
  type MemoryRecord,
} from "@roost/memory";

const { homeRecordLimits, HomeRecord } = operations;

export function serveMoving({ memory }: { memory: Memory }): Served[] {
  const { kernel } = memory;
  return [
    serve(operations.importRecords, async ({ content, ...given }, { principal }) => {
      const options: ImportTerms = { ...given, by: principal.id };
      const { records, outcomes } = readLines(content.bytes);
      outcomes.push(...(await importRecords(memory, records.filter(isOfMemory), options)));
      return { outcomes };
    }),

    serve(operations.finishImport, async ({ source, report }, { principal }) => {
      const eventId = await kernel.transact(async (tx) =>
        tx.emit({
          type: "import.done",
          subject: source,
          labels: ["aud:main", `trust:owner`],
          data: { by: principal.id, source, report: JSON.parse(JSON.stringify(report)) },
        }),
      );
      return { eventId };
    }),
  ];
}

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
    const issue = parsed.error.issues[0];
    const reason =
      value === undefined
        ? index < homeRecordLimits.linesMax
          ? "it is not JSON"
          : `a request takes ${homeRecordLimits.linesMax} lines`
        : `${issue?.path.join(".") || "it"}: ${issue?.message}`;
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
