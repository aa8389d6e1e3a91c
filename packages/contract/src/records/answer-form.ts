/** What a program asks of the form of a turn's answer: JSON, or a call of one of its tools before the answer. */
import { z } from "zod";
import { JsonFields } from "./fields.ts";
import { ClientTool } from "./client-tool.ts";

export const formatNameCharsMax = 64;

export const AnswerFormat = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("json_object") }),
  z.strictObject({
    type: z.literal("json_schema"),
    name: z.string().min(1).max(formatNameCharsMax),
    schema: JsonFields,
  }),
]);
export type AnswerFormat = z.output<typeof AnswerFormat>;

export const AnswerForm = z.strictObject({
  format: AnswerFormat.optional(),
  /** Tools of the program of which one has to be called. */
  mustCall: z.array(ClientTool.shape.name).min(1).optional(),
});
export type AnswerForm = z.output<typeof AnswerForm>;
