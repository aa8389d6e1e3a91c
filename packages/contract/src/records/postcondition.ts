/** What a run must have produced by its end. */
import { z } from "zod";
import { Name, Scalar, text } from "./fields.ts";
import { pathCharsMax } from "./limits.ts";

const DottedPath = text(200).min(1);

export const postconditionsMax = 20;

export const Postcondition = z
  .discriminatedUnion("kind", [
    z.object({
      kind: z.literal("event"),
      eventType: Name.describe("The run, or a run it started, emitted an event of this type"),
      filter: z
        .record(DottedPath, Scalar)
        .optional()
        .describe("Dotted paths into the event's data and their required values"),
    }),
    z.object({
      kind: z.literal("state"),
      name: Name.describe("The state that was changed, e.g. email for memory/email-state.json"),
      key: DottedPath.optional().describe("Dotted path in the state whose value must have changed"),
    }),
    z.object({
      kind: z.literal("file"),
      path: text(pathCharsMax).min(1).describe("The file of the home that was written"),
    }),
    z.object({ kind: z.literal("tool"), name: Name.describe("The tool that was used successfully") }),
  ])
  .meta({ id: "Postcondition", description: "Something that must have happened when a run ends" });
export type Postcondition = z.output<typeof Postcondition>;

export const Postconditions = z
  .array(Postcondition)
  .min(1)
  .max(postconditionsMax)
  .describe("If one does not hold at the end, the run has failed, whatever its text says");
