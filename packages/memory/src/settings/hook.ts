/** A command that is asked at a point of a run. */
import { z } from "zod";
import { Slug } from "./slug.ts";

export const hooksMax = 50;

export const Hook = z.strictObject({
  name: Slug,
  at: z.enum(["before-run", "after-run", "before-step", "after-step", "before-tool", "after-tool"]),
  tools: z
    .array(z.string().min(1).max(64))
    .max(100)
    .optional()
    .describe("Names of tools, or their beginning and *; default: all"),
  agents: z.array(Slug).max(500).optional().describe("Default: all"),
  command: z
    .array(z.string().min(1).max(4096))
    .min(1)
    .max(100)
    .describe("Run in a sandbox; hooks/NAME is a file of the home"),
});

export type HookSettings = z.output<typeof Hook>;
