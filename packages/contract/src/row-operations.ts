/** What a service holds, out and in: the operations by which an export of the home takes its rows along, and an import brings them back. */
import { z } from "zod";
import { content } from "./content.ts";
import { defineOperation } from "./define-operation.ts";
import { Count, JsonFields, pageFields } from "./records/fields.ts";

export const rowLimits = {
  /** Rows of one request, its bytes, and about those of a page as they are stored. */
  rowsMax: 500,
  bytesMax: 16 * 1024 ** 2,
  pageBytesMax: 1024 ** 2,
} as const;

export const MovedRow = z.object({ table: z.string().min(1).max(63), row: JsonFields });
export type MovedRow = z.output<typeof MovedRow>;

// The person's own data as a whole: neither a program's nor an agent's to take or to write, in whosever name.
const access = { audience: ["owner", "device"], isDecision: true } as const;

export const exportRows = defineOperation({
  id: "exportRows",
  method: "GET",
  path: "/moving/rows",
  summary: "What the service holds, row by row, in an order that does not change",
  input: z.object(pageFields),
  output: z.object({
    items: z.array(MovedRow),
    next: z.string().nullable().describe("Pass it as `after` for the next page; null on the last"),
  }),
  effect: "readonly",
  access,
});

const LineOutcome = z.object({
  line: Count.describe("Of the content, from 1"),
  action: z
    .enum(["kept", "waits", "refused"])
    .describe(
      "kept: another row stands here; waits: what it refers to is not here yet, so send it again after the others",
    ),
  reason: z.string(),
});

export const importRows = defineOperation({
  id: "importRows",
  method: "POST",
  path: "/moving/rows",
  summary: "Brings rows of an export back, one a line; can be repeated",
  description:
    "A row that is here stays as it is. One that cannot be taken is refused by itself. Nothing follows from them: no event, no run.",
  input: z.object({
    isDryRun: z.boolean().default(false).describe("Change nothing, and say what would"),
    content: content(["application/x-ndjson"], { bytesMax: rowLimits.bytesMax }),
  }),
  output: z.object({
    createdCount: Count,
    sameCount: Count,
    others: z.array(LineOutcome).describe("Lines that were neither"),
  }),
  effect: "idempotent",
  access,
});
export type RowsImported = z.output<typeof importRows.output>;

export const rowOperations = [exportRows, importRows] as const;
