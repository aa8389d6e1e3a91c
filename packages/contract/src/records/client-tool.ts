/** A tool that a program offers with a message: it makes the calls itself. */
import { z } from "zod";
import { JsonFields } from "./fields.ts";

export const clientToolsMax = 128;

export const ClientTool = z.object({
  name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/, "must be 1 to 64 letters, digits, _ or -"),
  description: z.string().max(4_000).optional(),
  parameters: JsonFields,
});
export type ClientTool = z.output<typeof ClientTool>;
