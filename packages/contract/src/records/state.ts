/** State files: projections of the log that agents and their scripts read. */
import { z } from "zod";
import { Count, Json, Name, Time, WholeMs } from "./fields.ts";

const stateSummaryFields = {
  name: Name,
  version: Count,
  updatedAt: Time.nullable(),
  ageMs: WholeMs.nullable(),
  updatedBy: Name.nullable(),
};

export const StateSummary = z.object(stateSummaryFields).meta({ id: "StateSummary" });
export type StateSummaryRecord = z.output<typeof StateSummary>;

export const StateFile = z.object({ ...stateSummaryFields, value: Json }).meta({ id: "StateFile" });
export type StateFile = z.output<typeof StateFile>;
