/** Projections: tables and files that follow from the log, and how they compare with it. */
import { z } from "zod";
import { Count, Json, Name, Time } from "./fields.ts";

export const ProjectionName = z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, "must be lower-case letters, digits and -");

export const ProjectionDifference = z
  .object({
    where: z.string().max(2000).describe("The table and key of the row, or the file"),
    live: Json.describe("What is there; null: nothing"),
    log: Json.describe("What the log says; null: nothing"),
  })
  .meta({ id: "ProjectionDifference" });

const compared = {
  isEqual: z.boolean().describe("What was live was, byte for byte, what the log says"),
  difference: ProjectionDifference.nullable().describe("The first one"),
  sha256: z.string().describe("Of all that the log says"),
  appliedCount: Count.describe("Events that it was built from"),
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
      .describe("A replay that has begun and is not done"),
    last: z.object({ ...compared, isCheck: z.boolean(), endedAt: Time }).nullable(),
  })
  .meta({ id: "Projection" });
export type Projection = z.output<typeof Projection>;

export const ReplayStep = z
  .object({
    state: z.enum(["building", "checked", "switched"]).describe("building: call again to go on"),
    appliedCount: compared.appliedCount,
    remainingCount: Count.describe("Events still to be read"),
    isEqual: compared.isEqual.nullable(),
    difference: compared.difference,
    sha256: compared.sha256.nullable(),
  })
  .meta({ id: "ReplayStep" });
export type ReplayStep = z.output<typeof ReplayStep>;
