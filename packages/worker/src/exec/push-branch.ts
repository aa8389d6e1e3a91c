/**
 * Pushes what an agent has committed in its clone. The commits leave the clone as a bundle, which a confined git writes; the person's repository
 * takes and checks it, and pushes with the person's own access. Nothing that the agent could have put into its clone is run.
 */
import { rm, writeFile } from "node:fs/promises";
import type { ToolResult } from "@roost/agent";
import { createId, RoostError, toRoostError } from "@roost/base";
import { untrustedFrom, type Labels } from "@roost/contract/labels";
import { git } from "./exec-directory.ts";
import { agentOf, runInDirectory, sourceOf, type ProgramCall, type Workplace } from "./run-in-directory.ts";

export interface PushedBranch {
  repository: string;
  remote: string;
  branch: string;
  /** Its whole id: what a person approved is this commit and what led to it, whatever the clone holds since. */
  commit: string;
}

const bundleBytesMax = 200 * 1024 * 1024;
const saidByRemote = "remote:";
const saidCharsMax = 1_000;
const pushedRef = "refs/roost/pushed";
/** A confined program has one stream for output and errors, and here it carries the bundle: what git says is written to a file, and shown on failure. */
const bundling = `{ git update-ref ${pushedRef} "$0" && git bundle create --quiet /tmp/new.bundle ${pushedRef} --not --remotes; } > /tmp/said 2>&1 || { cat /tmp/said; exit 1; }; cat /tmp/new.bundle`;

/**
 * Never by force. What the remote says is marked; why it did not take the branch is an unknown outcome: the push can be made again.
 * @throws RoostError `not_found`, `conflict`: there is nothing to push; `unavailable`: the commits could not be taken from the clone
 */
export async function pushBranch(
  place: Workplace,
  { repository, remote, branch, commit }: PushedBranch,
  call: Pick<ProgramCall, "labels" | "signal">,
): Promise<ToolResult> {
  const source = sourceOf(place, repository);
  const remotes = (await git(["-C", source, "remote"])).stdout.split("\n").filter(Boolean);
  if (!remotes.includes(remote))
    throw new RoostError("not_found", `${repository} has no remote ${remote}: it has ${remotes.join(", ") || "none"}`);
  await git(["check-ref-format", `refs/heads/${branch}`]).catch((cause: unknown) => {
    throw new RoostError("invalid_input", `${branch} is no name of a branch`, { cause });
  });
  if (branch === "HEAD") throw new RoostError("invalid_input", "HEAD is no name of a branch");
  const program = ["/bin/sh", "-c", bundling, commit];
  const run = await runInDirectory(place, { ...call, program, repository, outputBytesMax: bundleBytesMax });
  if (run.end !== "exited" || run.exitCode !== 0)
    throw new RoostError(
      "conflict",
      `there is nothing to push: ${run.output.toString("utf8").slice(0, 500) || run.end}`,
    );
  const bundle = `${run.directory.path}.${createId()}.bundle`;
  const kept = `refs/roost/${agentOf(place)}/${branch}`;
  try {
    await writeFile(bundle, run.output);
    const fetching = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules"];
    try {
      await checkObjects(source, { pack: packOf(run.output), kept: `${bundle}.pack` });
      await git(["-C", source, ...fetching, "--", bundle, `+${pushedRef}:${kept}`]);
    } catch (cause) {
      const why = toRoostError(cause).message.slice(-saidCharsMax).toWellFormed();
      throw new RoostError("conflict", `${repository} does not take the commit, and nothing was pushed: ${why}`, {
        cause,
      });
    }
    const { stdout } = await git(["-C", source, "rev-parse", "--verify", kept]);
    if (stdout.trim() !== commit)
      throw new RoostError("conflict", `the clone gave ${stdout.trim()} for the commit ${commit}: nothing was pushed`);
  } finally {
    await rm(bundle, { force: true });
  }
  return pushKept(place, { source, commit, remote, branch });
}

/** Refuses commits that harm whoever checks them out: paths into .git, and submodules whose settings run programs. Git before 2.46 does not check this when it fetches a bundle. */
async function checkObjects(source: string, { pack, kept }: { pack: Buffer; kept: string }): Promise<void> {
  try {
    await git(["-C", source, "index-pack", "--strict", "--fix-thin", "--stdin", kept], { input: pack });
  } finally {
    for (const path of [kept, kept.replace(/pack$/, "idx"), kept.replace(/pack$/, "rev")])
      await rm(path, { force: true });
  }
}

/** A bundle is lines of text, an empty one, and a pack. */
function packOf(bundle: Buffer): Buffer {
  return bundle.subarray(bundle.indexOf("\n\n") + 2);
}

/** From the person's repository, with the person's access. */
async function pushKept(
  { gitEnvironment }: Workplace,
  { source, commit, remote, branch }: { source: string } & Omit<PushedBranch, "repository">,
): Promise<ToolResult> {
  const labels = labelsOfRemote(remote);
  // What is approved is one branch: no tags and no submodules go along, whatever the person's configuration says of their own pushes.
  const alone = ["--porcelain", "--no-follow-tags", "--recurse-submodules=no"];
  const pushing = ["-C", source, "push", ...alone, "--", remote, `${commit}:refs/heads/${branch}`];
  try {
    const { stderr } = await git(pushing, { env: gitEnvironment });
    const said = stderr
      .split("\n")
      .filter((line) => line.startsWith(saidByRemote))
      .join("\n");
    const output = `${branch} is pushed to ${remote}`;
    if (said === "") return { state: "done", output };
    return { state: "done", output: `${output}. It says:\n${said.slice(0, saidCharsMax).toWellFormed()}`, labels };
  } catch (error) {
    const message = toRoostError(error).message.slice(0, saidCharsMax).toWellFormed();
    return { state: "unknown", message: `${remote} did not take ${branch}: ${message}`, labels };
  }
}

/** Content from outside, by the name of the remote. */
function labelsOfRemote(remote: string): Labels {
  return untrustedFrom("program", `git:${remote}`);
}
