import type { Tool } from "@roost/agent";
import { clearanceOf } from "@roost/memory";
import { reserveSubject } from "@roost/subjects";
import { z } from "zod";
import { toJson, type ToolContext } from "./tool-context.ts";

const input = z.object({
  scope: z.string().min(1).max(200).describe("Where it must be new: blog, videos, posts, …"),
  text: z.string().min(1).max(10_000).describe("The subject or text, in one or a few sentences"),
  days: z.number().min(1).max(365).default(30).describe("How long it stays reserved"),
});

/** Reserves a subject, unless another has reserved nearly the same in other words. */
export function reserveSubjectTool({ kernel, run, viewer, actor }: ToolContext): Tool<z.infer<typeof input>> {
  return {
    name: "reserve_subject",
    description:
      "Reserves a subject before you work on it. It is refused when another has reserved it, also in other words; you are told who, when and how similar. Then choose another subject. When it is granted, look at the similar ones all the same.",
    input,
    effect: "idempotent",
    execute: async ({ scope, text, days }, { labels: known }) => {
      const request = {
        scope,
        text,
        // Another run of the same job is another holder: yesterday's subjects are not taken again today.
        by: run.jobId === null ? actor : `${actor} run:${run.id}`,
        ttlMs: days * 86_400_000,
        runId: run.id,
        labels: known,
        clearance: clearanceOf(viewer),
        causation: run.causeId,
        correlation: run.correlation,
      };
      const { labels, ...answer } = await reserveSubject(kernel, request);
      return { state: "done", output: toJson(answer), labels };
    },
  };
}
