/**
 * Where an agent's programs work: a folder of its own in `.roost/exec`, or a clone of a repository that its definition names. Roost itself never
 * runs git in them, nor opens a file there: what programs have left may be a trap, so all of that happens confined too. What was marked when it
 * went in marks what comes out.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { createId, RoostError, toRoostError, writeFileDurably } from "@roost/base";
import { areSameLabels, formatLabels, joinLabels, openLabels, parseLabels, type Labels } from "@roost/contract/labels";

export interface ExecDirectory {
  path: string;
  /** Of the person, where it is a clone. */
  repository: string | undefined;
}

const gitMsMax = 300_000;
/** Files of a person's repository as they are; no program of it runs. */
const safeGit = ["-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never"];

interface Owner {
  agent: string;
  repository?: string | undefined;
}

/** The agent as a name of a file. */
function pathOf(homeDir: string, { agent, repository }: Owner): string {
  const folder = join(homeDir, ".roost", "exec", agent.replace(/[^a-z0-9._-]/gi, "_"));
  return join(folder, repository === undefined ? "own" : `repository-${repository}`);
}

/** Made when it is first used. @throws RoostError `unavailable`: the repository cannot be cloned */
export async function openExecDirectory(
  homeDir: string,
  { agent, repository, source }: Owner & { source?: string | undefined },
): Promise<ExecDirectory> {
  if (repository === undefined || source === undefined) {
    const path = pathOf(homeDir, { agent });
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await mkdir(path, { recursive: true });
    return { path, repository: undefined };
  }
  const path = pathOf(homeDir, { agent, repository });
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  if (!(await stat(path).catch(() => undefined))?.isDirectory()) await clone({ source, path, agent });
  return { path, repository: source };
}

/** Whole or not at all, on a branch of the agent. */
async function clone({ source, path, agent }: { source: string; path: string; agent: string }): Promise<void> {
  const making = `${path}.${createId()}`;
  try {
    await git(["clone", "--quiet", "--no-hardlinks", "--", source, making]);
    await git(["-C", making, "checkout", "--quiet", "-b", `roost/${agent}`]);
    await git(["-C", making, "config", "user.name", `${agent} (Roost)`]);
    await git(["-C", making, "config", "user.email", `${agent}@roost.invalid`]);
    await rename(making, path);
  } catch (cause) {
    await rm(making, { recursive: true, force: true });
    // Another run of the agent was first.
    if ((await stat(path).catch(() => undefined))?.isDirectory()) return;
    throw new RoostError("unavailable", `the repository ${source} cannot be cloned: ${toRoostError(cause).message}`, {
      cause,
    });
  }
}

/** In a place that no program of an agent has written to. */
export async function git(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ stdout: string; stderr: string }> {
  const options = {
    timeout: gitMsMax,
    maxBuffer: 1024 * 1024,
    env: { PATH: "/usr/local/bin:/usr/bin:/bin", GIT_TERMINAL_PROMPT: "0", ...env },
  };
  return promisify(execFile)("git", [...safeGit, ...args], options);
}

/** What has gone into the folder so far, also before it is made; nothing recorded: nothing that is marked. */
export function readLabelsOf(homeDir: string, owner: Owner): Promise<Labels> {
  return readDirectoryLabels({ path: pathOf(homeDir, owner) });
}

export async function readDirectoryLabels({ path }: Pick<ExecDirectory, "path">): Promise<Labels> {
  const folder = labelsFolderOf(path);
  const names = (await readdir(folder).catch(unlessMissing)) ?? [];
  const texts = await Promise.all(
    names.filter((name) => name.endsWith(".json")).map((name) => readFile(join(folder, name), "utf8")),
  );
  return joinLabels(openLabels, ...texts.map(readLabels));
}

function readLabels(text: string): Labels {
  try {
    return parseLabels(JSON.parse(text) as string[]);
  } catch {
    // Torn: it counts as marked.
    return parseLabels([]);
  }
}

/** Beside the folder. A file for each set of labels, never replaced: no writer loses another's. */
function labelsFolderOf(path: string): string {
  return join(dirname(path), `.labels-${basename(path)}`);
}

/** What cannot be read is not taken for unmarked. */
function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}

/** Before a program runs: what it may bring in. Returns what the folder holds from then on. */
export async function markDirectory(directory: ExecDirectory, labels: Labels): Promise<Labels> {
  const before = await readDirectoryLabels(directory);
  const after = joinLabels(before, labels);
  if (areSameLabels(before, after)) return after;
  const folder = labelsFolderOf(directory.path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const text = JSON.stringify(formatLabels(after));
  const name = `${createHash("sha256").update(text).digest("hex").slice(0, 32)}.json`;
  await writeFileDurably(join(folder, name), text, { mode: 0o600 });
  return after;
}
