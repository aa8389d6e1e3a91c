/** The tool that makes something happen once across all runs. The kernel keeps the keys. */
import type { Tool, ToolResult } from "@roost/agent";
import { beginOnce, failOnce, finishOnce, type OnceAnswer } from "@roost/kernel";
import { mayKnow } from "@roost/memory";
import { z } from "zod";
import { toJson, type ToolContext } from "./tool-context.ts";

// One flat object: providers require an object at the root of a tool's schema.
const input = z.object({
  do: z.enum(["begin", "finish", "fail"]),
  scope: z.string().min(1).max(200).describe("What the key is unique in, e.g. blog"),
  key: z.string().min(1).max(200).describe("Names the effect, e.g. post-2025-11-21"),
  token: z.string().max(200).optional().describe("For finish and fail: as begin answered it"),
  text: z.string().max(10_000).optional().describe("For finish: a short result; for fail: the reason"),
  minutes: z.number().min(1).max(240).default(30).describe("For begin: how long it may take"),
});

/** Something that must happen once, whichever run does it: begin, do it, then finish or fail with the token. */
export function onceTool(context: ToolContext): Tool<z.infer<typeof input>> {
  const { kernel, run, actor } = context;
  return {
    name: "once",
    description:
      'Makes sure that something happens once, across all runs. First {"do":"begin"}: only the state "begun" means that you are to do it. Afterwards {"do":"finish"} with the token and a short result, or {"do":"fail"} when it certainly did not happen. "done" comes with the first result; "unknown" means that it may have happened: ask the person.',
    input,
    effect: "idempotent",
    execute: async (given, { idempotencyKey, labels: known }) => {
      const { scope, key } = given;
      if (given.do === "begin") {
        const request = {
          scope,
          key,
          // Unique to this step: after an interruption it gets the same token again.
          holder: `${actor} step:${idempotencyKey}`,
          isSoleHolder: true,
          ttlMs: given.minutes * 60_000,
          runId: run.id,
          labels: known,
          causation: run.causeId,
          correlation: run.correlation,
        };
        return toResult(context, await beginOnce(kernel, request));
      }
      if (given.token === undefined) {
        return {
          state: "failed",
          code: "invalid_input",
          message: `"${given.do}" needs the token that "begin" answered`,
        };
      }
      const outcome = { scope, key, token: given.token, labels: known };
      if (given.do === "finish") {
        return toResult(context, await finishOnce(kernel, { ...outcome, result: given.text ?? null }));
      }
      const error = { code: "failed", message: given.text ?? "it did not happen" };
      return { state: "done", output: toJson(await failOnce(kernel, { ...outcome, error })) };
    },
  };
}

/** A result is another run's text: told as far as the session may know it. */
async function toResult({ kernel, viewer }: ToolContext, { resultLabels, ...answer }: OnceAnswer): Promise<ToolResult> {
  if (answer.state !== "done" || answer.result === null) return { state: "done", output: toJson(answer) };
  const labels = await kernel.labelSets.read(kernel.database, resultLabels);
  if (!mayKnow(viewer, labels)) return { state: "done", output: toJson({ ...answer, result: null }) };
  return { state: "done", output: toJson(answer), labels };
}
