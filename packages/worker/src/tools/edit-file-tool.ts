/** The tool that changes a file of the agent's folder or clone by exact replacement. Confined, as programs are: links lead nowhere else. */
import type { Tool } from "@roost/agent";
import { RoostError } from "@roost/base";
import { z } from "zod";
import { labelsOfPlace, runInDirectory, type ProgramCall } from "../exec/run-in-directory.ts";
import { workplaceOf } from "./exec-tool.ts";
import type { ToolContext } from "./tool-context.ts";

const fileBytesMax = 2_000_000;

const input = z.object({
  path: z.string().min(1).max(1024).describe("Relative to the folder"),
  find: z.string().max(200_000).describe("Exactly as it stands there, once; empty for a new file"),
  replace: z.string().max(500_000),
  repository: z.string().min(1).max(63).optional().describe("The clone of this repository; left out: your own folder"),
});

export function editFileTool(context: ToolContext): Tool<z.infer<typeof input>> {
  return {
    name: "edit_file",
    description:
      "Replaces a text of a file in your exec folder or clone, which must stand there exactly once; or makes a new file.",
    input,
    effect: "idempotent",
    labelsOf: ({ repository }) => labelsOfPlace(workplaceOf(context), repository),
    // What stands in a folder whose programs have the network can be sent by any of them.
    reach: context.agent.exec?.network === true ? () => ({ target: "network", isOutside: true }) : undefined,
    execute: async ({ path, find, replace, repository }, { labels, signal }) => {
      const call = { repository, labels, signal };
      const before = await readText(context, path, call);
      const text = replaceOnce(path, before?.text, { find, replace });
      // A repeat after a crash finds it done.
      if (text === undefined) return { state: "done", output: { path, isChanged: false } };
      const program = ["/bin/sh", "-c", 'mkdir -p -- "$(dirname -- "$1")" && cat > "$1"', "sh", path];
      const written = await runInDirectory(workplaceOf(context), { ...call, program, input: text });
      if (written.exitCode !== 0)
        throw new RoostError("conflict", `${path} cannot be written: ${written.output.toString("utf8").slice(0, 300)}`);
      return { state: "done", output: { path, isChanged: true, characters: text.length }, labels: written.labels };
    },
  };
}

async function readText(
  context: ToolContext,
  path: string,
  call: Pick<ProgramCall, "repository" | "labels" | "signal">,
): Promise<{ text: string } | undefined> {
  const program = ["/bin/sh", "-c", 'test -e "$1" || exit 44; cat -- "$1"', "sh", path];
  const read = await runInDirectory(workplaceOf(context), { ...call, program, outputBytesMax: fileBytesMax });
  if (read.exitCode === 44) return undefined;
  if (read.end === "output")
    throw new RoostError("limit_exceeded", `${path} has more than ${fileBytesMax} bytes: change it with exec`);
  if (read.exitCode !== 0)
    throw new RoostError("invalid_input", `${path} cannot be read: ${read.output.toString("utf8").slice(0, 300)}`);
  const text = read.output.toString("utf8");
  if (!Buffer.from(text).equals(read.output))
    throw new RoostError("invalid_input", `${path} is no text in UTF-8: change it with exec`);
  return { text };
}

/** Undefined: it stands there already. @throws RoostError `conflict`, `not_found` */
function replaceOnce(
  path: string,
  text: string | undefined,
  { find, replace }: { find: string; replace: string },
): string | undefined {
  if (find === "") {
    if (text === undefined) return replace;
    if (text === replace) return undefined;
    throw new RoostError("conflict", `${path} exists: say what of it is to be replaced`);
  }
  if (text === undefined) throw new RoostError("not_found", `there is no ${path}`);
  const count = text.split(find).length - 1;
  if (count === 1) return text.replace(find, () => replace);
  if (count === 0 && replace !== "" && text.includes(replace)) return undefined;
  throw new RoostError(
    "conflict",
    `the text to be replaced stands in ${path} ${count} times: give one that stands there once`,
  );
}
