/** Moving in and out: what a home is made of, record by record. */
import { z } from "zod";
import { content } from "../content.ts";
import { defineOperation } from "../define-operation.ts";
import { decidingKinds } from "../principal.ts";
import { Count, JsonFields, Name, pageFields, SmallCount } from "../records/fields.ts";
import { fileRangeBytesMax, PlaceInFile, Sha256 } from "../records/file.ts";
import { exportKinds, homeRecordLimits, ImportOutcome, ImportReport, LastExport } from "../records/home-record.ts";

const isSet = z.boolean().default(false);

export const importRecords = defineOperation({
  id: "importRecords",
  method: "POST",
  path: "/import/records",
  summary: "Takes over what another home is made of, one JSON record a line; can be repeated",
  description:
    "Each line is a HomeRecord. One that cannot be taken over is refused by itself. What was changed here since the last import is kept.",
  input: z.object({
    source: Name.describe("Where they are from; the same at each import"),
    isDryRun: isSet.describe("Change nothing, and say what would"),
    replaces: isSet.describe("Take theirs where both changed, or where there was another before"),
    restores: isSet.describe("Bring back what was removed here"),
    isWholeHome: isSet.describe(
      "An export of a home: settings, grants, labels, facts and states are those of this one; the person alone brings it",
    ),
    content: content(["application/x-ndjson"], { bytesMax: homeRecordLimits.bytesMax }),
  }),
  output: z.object({ outcomes: z.array(ImportOutcome) }),
  effect: "idempotent",
  needs: "home",
  access: { audience: decidingKinds, isDecision: true },
});

export const putImportRange = defineOperation({
  id: "putImportRange",
  method: "PUT",
  path: "/import/range",
  summary: "Brings part of a file of an import that is too large for a record; its record follows the last part",
  description: "What came stays for a day, by its hash: a repeated import goes on where it was cut off.",
  input: z.object({
    sha256: Sha256.describe("Of the whole file"),
    bytes: PlaceInFile.describe("Of the whole file"),
    from: PlaceInFile.describe("Where the part begins"),
    content: content(["*/*"], { bytesMax: fileRangeBytesMax }),
  }),
  output: z
    .object({ next: Count.describe("Where the next part begins; as many as it has bytes: all of it is there") })
    .meta({ id: "BroughtImportRange" }),
  errors: ["limit_exceeded"],
  effect: "idempotent",
  needs: "home",
  access: { audience: decidingKinds, isDecision: true },
});

export const finishImport = defineOperation({
  id: "finishImport",
  method: "POST",
  path: "/import/finish",
  summary: "Records what an import brought, as an event",
  input: z.object({ source: Name, report: ImportReport }),
  output: z.object({ eventId: z.string() }),
  effect: "idempotent",
  access: { audience: decidingKinds, isDecision: true },
});

export const exportRecords = defineOperation({
  id: "exportRecords",
  method: "GET",
  path: "/export/records",
  summary: "What the home is made of, record by record, in an order that does not change",
  description:
    "Bytes of files and parts come by getFile and getPart, jobs by listJobs, grants by listGrants, events by readEvents.",
  input: z.object({ ...pageFields, kind: z.enum(exportKinds) }),
  output: z.object({
    home: Name.describe("The id of this home"),
    items: z.array(JsonFields).describe("HomeRecords"),
    next: z.string().nullable().describe("Pass it as `after` for the next page; null on the last"),
  }),
  effect: "readonly",
  access: { audience: decidingKinds },
});

export const finishExport = defineOperation({
  id: "finishExport",
  method: "POST",
  path: "/export/finish",
  summary: "Records that a whole export was written, as an event",
  input: z.object({ fileCount: SmallCount, leftOutCount: SmallCount }),
  output: z.object({ export: LastExport }),
  effect: "idempotent",
  access: { audience: decidingKinds },
});

export const getLastExport = defineOperation({
  id: "getLastExport",
  method: "GET",
  path: "/export",
  summary: "When everything of the home was exported last",
  description: "Copies that other programs make of the home's directory are not known to it.",
  input: z.object({}),
  output: z.object({ export: LastExport.nullable().describe("Null: never") }),
  effect: "readonly",
});

export const moveOperations = [
  importRecords,
  putImportRange,
  finishImport,
  exportRecords,
  finishExport,
  getLastExport,
] as const;
