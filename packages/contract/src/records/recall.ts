/** What recall finds. */
import { z } from "zod";
import { JsonFields, Name, Text, Time } from "./fields.ts";

export const recalledKinds = ["fact", "file", "conversation", "events"] as const;

export const RecalledLine = z
  .object({
    kind: z.enum(recalledKinds),
    document: z.string().describe("The file's path, the session's key, or the log"),
    ref: z.string().describe("A line's number, a message's id, an event's id"),
    saidBy: Name.nullable(),
    at: Time,
    text: Text,
    labels: z.array(z.string()),
  })
  .meta({ id: "RecalledLine" });
export type RecalledLine = z.output<typeof RecalledLine>;

export const RecalledOfService = z
  .object({
    service: z.string(),
    answer: JsonFields.describe("As its operation `recall` says"),
    labels: z.array(z.string()),
  })
  .meta({ id: "RecalledOfService" });
export type RecalledOfService = z.output<typeof RecalledOfService>;
