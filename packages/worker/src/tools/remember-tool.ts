/** The tool `remember`: keeps a fact. How facts are kept: packages/memory. */
import type { Tool } from "@roost/agent";
import { remember, type Remembered } from "@roost/memory";
import { z } from "zod";
import { authorOf } from "./author-of.ts";
import type { ToolContext } from "./tool-context.ts";

const part = z.string().min(1).max(200).optional();
const input = z.object({
  text: z.string().min(1).max(4_000).describe("One fact, in a sentence or two"),
  subject: part.describe("Anna"),
  attribute: part.describe("lives in"),
  value: part.describe("Munich"),
  many: z.boolean().optional().describe("It has several values at a time"),
  since: z.iso.datetime({ offset: true }).optional().describe("Default: now"),
  corrects: z.string().max(64).optional().describe("Id (of recall) of the fact that was wrong"),
});

/** Keeps a fact: in the log, and for the person's own sessions in the day's note. */
export function rememberTool(context: ToolContext): Tool<z.infer<typeof input>> {
  return {
    name: "remember",
    description:
      "Notes a fact for later. With subject, attribute and value it also stands in MEMORY.md, in place of the earlier value.",
    input,
    effect: "idempotent",
    execute: async ({ text, subject, attribute, value, many, since, corrects }, { idempotencyKey, labels }) => {
      const hasParts = subject !== undefined && attribute !== undefined && value !== undefined;
      const { fact, note } = await remember(context.memory, {
        text,
        parts: hasParts ? { subject, attribute, value } : undefined,
        isMany: many,
        since: since === undefined ? undefined : new Date(since),
        corrects,
        as: context.viewer,
        idempotencyKey,
        ...authorOf(context, labels),
      });
      if (note === undefined && fact?.isKnown === true)
        return { state: "done", output: `it is known already, as fact ${fact.id}` };
      const where = note === undefined ? "noted in the log" : `noted in ${note.path}`;
      return { state: "done", output: `${where}${outcomeOf(fact)}` };
    },
  };
}

/** Without the values that do not hold any more. */
function outcomeOf(fact: Remembered["fact"]): string {
  if (fact === undefined) return "";
  const closed = fact.closed.length === 0 ? "" : `, in the place of ${fact.closed.length} earlier`;
  if (fact.isKnown) return `; it was known already, as fact ${fact.id}`;
  return fact.isClaim ? `, as a claim until the person accepts it (fact ${fact.id})` : `, as fact ${fact.id}${closed}`;
}
