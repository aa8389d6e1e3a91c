/** Projections: tables and files derived from the log, and their comparison with it. */
import { z } from "zod";
import { Count, Json, Name, Time } from "./fields.ts";

export const ProjectionName = z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, "must be lower-case letters, digits and -");

export const ProjectionDifference = z
  .object({
    where: z.string().max(2000).describe("The table and key of the row, or the file"),
    live: Json.describe("The live value; null: nothing"),
    log: Json.describe("The value in the log; null: nothing"),
  })
  .meta({ id: "ProjectionDifference" });

const compared = {
  isEqual: z.boolean().describe("The live one equalled the log, byte for byte"),
  difference: ProjectionDifference.nullable().describe("The first one"),
  sha256: z.string().describe("Of the whole projection"),
  appliedCount: Count.describe("Events it was built from"),
};

export const Projection = z
  .object({
    name: ProjectionName,
    version: Count,
    topics: z.array(Name),
    tables: z.array(Name),
    building: z
      .object({ appliedCount: Count, startedAt: Time, updatedAt: Time })
      .nullable()
      .describe("A started replay that is not done"),
    last: z.object({ ...compared, isCheck: z.boolean(), endedAt: Time }).nullable(),
  })
  .meta({ id: "Projection" });
export type ProjectionRecord = z.output<typeof Projection>;

export const ReplayStep = z
  .object({
    state: z.enum(["building", "checked", "switched"]).describe("building: call again to continue"),
    appliedCount: compared.appliedCount,
    remainingCount: Count.describe("Events left to read"),
    isEqual: compared.isEqual.nullable(),
    difference: compared.difference,
    sha256: compared.sha256.nullable(),
  })
  .meta({ id: "ReplayStep" });
export type ReplayStepRecord = z.output<typeof ReplayStep>;
