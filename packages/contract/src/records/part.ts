/** Parts of messages and results on the wire and in events. */
import { z } from "zod";
import { partLimits, partTypes, type Part as PartFields } from "../part.ts";
import { Count, Name, text } from "./fields.ts";
import { Sha256 } from "./file.ts";

const MediaType = z
  .string()
  .max(127)
  .regex(/^[a-z0-9][a-z0-9!#$&^_.+-]*\/[a-z0-9][a-z0-9!#$&^_.+-]*$/, "must be a media type like image/jpeg");

export const Part = z
  .object({
    type: z.enum(partTypes),
    mediaType: MediaType,
    bytes: Count.max(partLimits.bytesMax),
    sha256: Sha256.optional().describe("Names its bytes: GET /parts/{sha256}"),
    text: text(partLimits.inlineBytesMax).optional().describe("What it says, where that is text and short"),
    name: Name.optional(),
    uri: text(2000).optional().describe("Of a resource"),
    labels: z.array(text(256)).max(64).optional(),
  })
  .meta({ id: "Part" }) satisfies z.ZodType<PartFields>;

export const PartRef = z
  .object({ sha256: Sha256, name: Name.optional().describe("As it is called in this message") })
  .meta({ id: "PartRef", description: "A part that was uploaded" });
export type PartRef = z.output<typeof PartRef>;
