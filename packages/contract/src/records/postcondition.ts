/** What a run must have done by its end, whatever it says of itself. */
import { z } from "zod";
import { Name, Scalar, text } from "./fields.ts";
import { pathCharsMax } from "./limits.ts";

const DottedPath = text(200).min(1);

export const postconditionsMax = 20;

export const Postcondition = z
  .discriminatedUnion("kind", [
    z.object({
      kind: z.literal("event"),
      eventType: Name.describe("An event of this type was emitted by the run or by a run that it started"),
      filter: z
        .record(DottedPath, Scalar)
        .optional()
        .describe("Dotted paths into the event's data and the values they must have"),
    }),
    z.object({
      kind: z.literal("state"),
      name: Name.describe("The state that was changed, e.g. email for memory/email-state.json"),
      key: DottedPath.optional().describe("Dotted path into the state whose value must have changed"),
    }),
    z.object({
      kind: z.literal("file"),
      path: text(pathCharsMax).min(1).describe("The file of the home that was written"),
    }),
    z.object({ kind: z.literal("tool"), name: Name.describe("The tool that was used with success") }),
  ])
  .meta({ id: "Postcondition", description: "Something that must have happened when a run ends" });
export type Postcondition = z.output<typeof Postcondition>;

export const Postconditions = z
  .array(Postcondition)
  .min(1)
  .max(postconditionsMax)
  .describe("All must hold when a run ends, else it has failed, whatever its text says");
