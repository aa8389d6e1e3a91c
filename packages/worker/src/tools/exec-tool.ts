/** The tool that runs a program in the agent's folder, or in its clone of a repository. */
import type { Tool } from "@roost/agent";
import { keepPart } from "@roost/memory";
import { z } from "zod";
import { labelsOfPlace, runInDirectory, type Workplace } from "../exec/run-in-directory.ts";
import type { ToolContext } from "./tool-context.ts";

const input = z.object({
  command: z.string().min(1).max(20_000).describe("For sh; its folder stays as it is between calls"),
  repository: z.string().min(1).max(63).optional().describe("The clone of this repository; left out: your own folder"),
  timeoutSeconds: z.number().int().min(1).max(3_600).default(120),
});

/** Of what it wrote, the model is shown its beginning and its end; all of it is kept. */
const headChars = 2_000;
const tailChars = 10_000;

export function workplaceOf(context: ToolContext): Workplace {
  const { kernel, memory, run, agent, exec } = context;
  return { kernel, homeDir: memory.machineDir, run, allowed: agent.exec ?? {}, ...exec };
}

export function execTool(context: ToolContext): Tool<z.infer<typeof input>> {
  const { repositories = [], network = false } = context.agent.exec ?? {};
  const where =
    repositories.length === 0 ? "" : ` Repositories: ${repositories.join(", ")}; commit on the branch that is there.`;
  return {
    name: "exec",
    description: `Runs a shell command in a sandbox: it sees its folder and the system's programs, ${network ? "and the network" : "no network"}.${where}`,
    input,
    effect: "unsafe",
    labelsOf: ({ repository }) => labelsOfPlace(workplaceOf(context), repository),
    timeoutMsMax: context.exec.settings.timeout + 60_000,
    reach: network ? () => ({ target: "network", isOutside: true }) : undefined,
    execute: async ({ command, repository, timeoutSeconds }, { labels, signal, show }) => {
      // A character may come in two chunks.
      const decoder = new TextDecoder();
      const run = await runInDirectory(workplaceOf(context), {
        program: ["/bin/sh", "-c", command],
        repository,
        timeoutMs: timeoutSeconds * 1000,
        labels,
        signal,
        onOutput: (chunk) => show?.(decoder.decode(chunk, { stream: true })),
      });
      const text = run.output.toString("utf8");
      const isCut = text.length > headChars + tailChars;
      const shown = isCut
        ? `${text.slice(0, headChars).toWellFormed()}\n[… ${text.length - headChars - tailChars} characters …]\n${text.slice(-tailChars).toWellFormed()}`
        : text;
      const { end, exitCode, durationMs } = run;
      const outdated = run.directory.repository?.outdated;
      const output = {
        ...(end === "exited" ? { exitCode } : { endedBy: `its limit of ${end}` }),
        durationMs,
        ...(outdated === undefined
          ? {}
          : { note: `The repository could not be brought up to date, and is as it was before: ${outdated}` }),
        output: shown,
      };
      if (!isCut) return { state: "done", output, labels: run.labels };
      const part = await keepPart(context.memory, {
        content: run.output,
        name: "output.txt",
        mediaType: "text/plain",
        labels: run.labels,
        runId: context.run.id,
      });
      // By name: the model is shown enough of it.
      return { state: "done", output: { ...output, whole: `#${part.sha256?.slice(0, 12)}` }, labels: run.labels };
    },
  };
}
