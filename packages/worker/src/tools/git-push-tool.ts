/** The tool that pushes a branch: with a grant for this remote and branch, or when the person approves. */
import type { Tool } from "@roost/agent";
import { z } from "zod";
import { pushBranch } from "../exec/push-branch.ts";
import { labelsOfPlace } from "../exec/run-in-directory.ts";
import { workplaceOf } from "./exec-tool.ts";
import type { ToolContext } from "./tool-context.ts";

const name = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$/;

const input = z.object({
  repository: z.string().min(1).max(63),
  remote: z.string().regex(name).default("origin"),
  branch: z.string().regex(name).describe("Its name there"),
  commit: z
    .string()
    .regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, "is a whole commit id in hex, as git rev-parse HEAD prints it")
    .describe("What is pushed: git rev-parse HEAD"),
});

export function gitPushTool(context: ToolContext): Tool<z.infer<typeof input>> {
  return {
    name: "git_push",
    description: "Pushes a commit of yours in the clone of a repository to a branch of a remote, without force.",
    input,
    effect: "idempotent",
    timeoutMsMax: 600_000,
    labelsOf: ({ repository }) => labelsOfPlace(workplaceOf(context), repository),
    reach: ({ repository, remote, branch }) => ({
      // A slash in the name of a remote would let a grant for one branch be one for another remote's.
      target: `${repository}:${remote.replaceAll("/", "%2F")}/${branch}`,
      isOutside: true,
    }),
    execute: (pushed, call) => pushBranch(workplaceOf(context), pushed, call),
  };
}
