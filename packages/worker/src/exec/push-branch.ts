/**
 * Pushes what an agent has committed in its clone. The commits leave the clone as a bundle, which a confined git writes; the person's repository
 * takes and checks it, and pushes with the person's own access. Nothing that the agent could have put into its clone is run.
 */
import { rm, writeFile } from "node:fs/promises";
import { createId, RoostError, toRoostError } from "@roost/base";
import { git } from "./exec-directory.ts";
import { runInDirectory, sourceOf, type ProgramCall, type Workplace } from "./run-in-directory.ts";

export interface PushedBranch {
  repository: string;
  remote: string;
  branch: string;
}

const bundleBytesMax = 200 * 1024 * 1024;
const bundling = "git bundle create --quiet /tmp/new.bundle HEAD --not --remotes >&2 && cat /tmp/new.bundle";

/** Never by force. @throws RoostError `not_found`, `conflict`: there is nothing to push; `unavailable`: the remote did not take it */
export async function pushBranch(
  place: Workplace,
  { repository, remote, branch }: PushedBranch,
  call: Pick<ProgramCall, "labels" | "signal">,
): Promise<string> {
  const source = sourceOf(place, repository);
  const remotes = (await git(["-C", source, "remote"])).split("\n").filter(Boolean);
  if (!remotes.includes(remote))
    throw new RoostError("not_found", `${repository} has no remote ${remote}: it has ${remotes.join(", ") || "none"}`);
  await git(["check-ref-format", "--branch", branch]);
  const program = ["/bin/sh", "-c", bundling];
  const run = await runInDirectory(place, { ...call, program, repository, outputBytesMax: bundleBytesMax });
  if (run.end !== "exited" || run.exitCode !== 0)
    throw new RoostError(
      "conflict",
      `there is nothing to push: ${run.output.toString("utf8").slice(0, 500) || run.end}`,
    );
  const bundle = `${run.directory.path}.${createId()}.bundle`;
  const kept = `refs/roost/${place.run.agent ?? "main"}/${branch}`;
  try {
    await writeFile(bundle, run.output);
    const fetching = [
      "-c",
      "fetch.fsckObjects=true",
      "-C",
      source,
      "fetch",
      "--quiet",
      "--no-tags",
      "--no-write-fetch-head",
    ];
    await git([...fetching, "--", bundle, `+HEAD:${kept}`]);
    return await git(
      ["-C", source, "push", "--porcelain", "--", remote, `${kept}:refs/heads/${branch}`],
      place.gitEnvironment,
    );
  } catch (cause) {
    throw new RoostError(
      "unavailable",
      `${remote} did not take ${branch}: ${toRoostError(cause).message.slice(0, 1000)}`,
      { cause },
    );
  } finally {
    await rm(bundle, { force: true });
  }
}
