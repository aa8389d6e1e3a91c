/**
 * Where an agent's programs work: a folder of its own in `.roost/exec`, or a clone of a repository that its definition names. Roost itself never
 * runs git in them, nor opens a file there: what programs have left may be a trap, so all of that happens confined too. Of the person's repository
 * programs see a bare copy of its branches and tags. What was marked when it went in marks what comes out.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { createId, RoostError, toRoostError, writeFileDurably } from "@roost/base";
import { areSameLabels, formatLabels, joinLabels, openLabels, parseLabels, type Labels } from "@roost/contract/labels";
import { runConfined, type ConfinedLimits } from "@roost/sandbox";

export interface ExecDirectory {
  path: string;
  /** Of a clone. */
  repository: ClonedRepository | undefined;
}

export interface ClonedRepository {
  /** The person's, which no program sees: beside its history lie files that are in no commit, keys of remotes, and what was taken back. */
  source: string;
  /** What programs see of it: branches and tags, and what they lead to. */
  mirror: string;
  /** Why the mirror is as it was before; undefined: it is up to date. */
  outdated: string | undefined;
}

const gitMsMax = 300_000;
const saidCharsMax = 500;
/** Files of a person's repository as they are; no program of it runs. */
const safeGit = ["-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never"];

interface Owner {
  agent: string;
  repository?: string | undefined;
}

/** The agent as a name of a file. Not `repository-NAME`: those are clones of an earlier kind, whose objects hold what was taken back. */
function pathOf(homeDir: string, { agent, repository }: Owner): string {
  const folder = join(homeDir, ".roost", "exec", agent.replace(/[^a-z0-9._-]/gi, "_"));
  return join(folder, repository === undefined ? "own" : `clone-${repository}`);
}

/** Made when it is first used, within these limits. @throws RoostError `unavailable`: the repository cannot be cloned */
export async function openExecDirectory(
  homeDir: string,
  { agent, repository, source, limits }: Owner & { source?: string | undefined; limits?: Partial<ConfinedLimits> },
): Promise<ExecDirectory> {
  if (repository === undefined || source === undefined) {
    const path = pathOf(homeDir, { agent });
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await mkdir(path, { recursive: true });
    return { path, repository: undefined };
  }
  const path = pathOf(homeDir, { agent, repository });
  const mirror = join(dirname(path), `.mirror-${basename(path)}`);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const outdated = await bringUp(mirror, source);
  if (!(await isFolder(path))) await clone({ source, mirror, path, agent, limits });
  return { path, repository: { source, mirror, outdated } };
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}

/** Through git's own protocol: a copy of the folder would have objects that no branch leads to any more. */
async function bringUp(mirror: string, source: string): Promise<string | undefined> {
  if (!(await isFolder(mirror))) {
    await whole(mirror, source, (making) => makeMirror(making, source));
    return undefined;
  }
  try {
    // Twice: another run may be fetching too.
    await fetchInto(mirror, source).catch(() => fetchInto(mirror, source));
    return undefined;
  } catch {
    return remake(mirror, source);
  }
}

async function makeMirror(making: string, source: string): Promise<void> {
  await git(["clone", "--quiet", "--bare", "--no-local", "--", source, making]);
}

async function fetchInto(mirror: string, source: string): Promise<void> {
  const refs = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"];
  const fetching = ["fetch", "--quiet", "--prune", "--no-tags", "--update-shallow", "--no-recurse-submodules"];
  await git(["-C", mirror, ...fetching, "--", source, ...refs]);
}

/** A git that was killed leaves locks behind, and no fetch gets past them. Where the repository is not there either, programs work with what there was. */
async function remake(mirror: string, source: string): Promise<string | undefined> {
  const [making, before] = [`${mirror}.${createId()}`, `${mirror}.${createId()}`];
  try {
    await makeMirror(making, source);
    await rename(mirror, before);
    await rename(making, mirror);
    return undefined;
  } catch (cause) {
    return toRoostError(cause).message.slice(0, saidCharsMax).toWellFormed();
  } finally {
    for (const path of [making, before]) await rm(path, { recursive: true, force: true });
  }
}

/** On a branch of the agent. What of its files is filtered is filtered confined: filters are programs, and attributes choose them. */
async function clone({
  source,
  mirror,
  path,
  agent,
  limits,
}: Omit<ClonedRepository, "outdated"> & {
  path: string;
  agent: string;
  limits: Partial<ConfinedLimits> | undefined;
}): Promise<void> {
  return whole(path, source, async (making) => {
    const author = ["-c", `user.name=${agent} (Roost)`, "-c", `user.email=${agent}@roost.invalid`];
    await git(["clone", "--quiet", "--no-checkout", "--no-hardlinks", ...author, "--", mirror, making]);
    await git(["-C", making, "remote", "set-url", "origin", source]);
    const checkout = ["git", "checkout", "--quiet", "-b", `roost/${agent}`];
    const given = { directory: making, limits: { timeMsMax: gitMsMax, ...limits } };
    const { end, exitCode, output } = await runConfined(checkout, given);
    if (end !== "exited") throw new RoostError("unavailable", `its checkout was ended by its limit of ${end}`);
    if (exitCode === 0) return;
    const said = output.toString("utf8").slice(0, saidCharsMax).toWellFormed();
    throw new RoostError("unavailable", said || `its checkout ended with ${exitCode ?? "a signal"}`);
  });
}

/** A folder that is there whole or not at all. */
async function whole(path: string, source: string, make: (making: string) => Promise<void>): Promise<void> {
  const making = `${path}.${createId()}`;
  try {
    await make(making);
    await rename(making, path);
  } catch (cause) {
    await rm(making, { recursive: true, force: true });
    // Another run of the agent was first.
    if (await isFolder(path)) return;
    throw new RoostError("unavailable", `the repository ${source} cannot be cloned: ${toRoostError(cause).message}`, {
      cause,
    });
  }
}

/** In a place that no program of an agent has written to. `input`: on its standard input. @throws RoostError with what git said */
export async function git(
  args: readonly string[],
  { env = {}, input }: { env?: NodeJS.ProcessEnv; input?: Buffer } = {},
): Promise<{ stdout: string; stderr: string }> {
  const options = {
    timeout: gitMsMax,
    maxBuffer: 1024 * 1024,
    env: { PATH: "/usr/local/bin:/usr/bin:/bin", GIT_TERMINAL_PROMPT: "0", ...env },
  };
  const running = promisify(execFile)("git", [...safeGit, ...args], options);
  // It may end before it has read all.
  running.child.stdin?.on("error", () => undefined).end(input);
  try {
    return await running;
  } catch (cause) {
    throw new RoostError(toRoostError(cause).code, saidByGit(cause as GitFailure), { cause });
  }
}

interface GitFailure extends Error {
  stderr?: string;
  /** Of a program that ended; a text where it was not started, or wrote too much. */
  code?: number | string | null;
}

/** Not the message: it is the whole command, with paths of the home. */
function saidByGit({ stderr = "", code }: GitFailure): string {
  return stderr.trim() || `git ended with ${code ?? `a signal (limit ${gitMsMax / 1000} s)`}`;
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
