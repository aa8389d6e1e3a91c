/**
 * Brings a host's copy of the home files and the home together, file by file: what changed on one side goes to the other, what changed on both is
 * merged by lines, and where that is not possible both versions are kept. Nothing is overwritten that was not compared: at the home by its
 * compare-and-swap, here by replaceCopy.
 */
import { join } from "node:path";
import { RoostError, toRoostError } from "@roost/base";
import type { HomeFileRecord } from "@roost/contract/operations";
import { diffTexts, mergeTexts, nameBeside } from "@roost/memory/merge-texts";
import { oddMax, walkHome } from "@roost/memory/walk-home";
import type { RoostClient } from "../connect.ts";
import { readPages } from "../read-pages.ts";
import {
  copyAside,
  dropParts,
  fetchRanges,
  isText,
  lookHere,
  readTheirs,
  toVersion,
  writeThere,
  type FileVersion,
} from "./file-version.ts";
import { openCopyState, sha256Of, type AgreedFile, type CopyState } from "./copy-state.ts";
import { refuseLost } from "./refuse-lost.ts";
import { replaceCopy, restoreAside } from "./replace-copy.ts";

export interface SyncCopyOptions {
  client: RoostClient;
  homeDir: string;
  /** Of this host: names what is kept beside. */
  host: string;
  /** That many files are deleted, here or at the home, is meant. Default false: it looks like a disk that was lost. */
  isEmptied?: boolean;
}

export interface SyncedCopy {
  /** Paths, by what became of them. */
  taken: string[];
  brought: string[];
  merged: string[];
  /** Both versions are kept: where the host's stands. */
  diverged: { path: string; keptAs: string }[];
  /** Differ and stay so, with the reason. */
  refused: { path: string; reason: string }[];
  /** Deleted at the home, and now here. */
  removed: string[];
  /** Deleted here, and now at the home. */
  deleted: string[];
  /** Deleted in one place and edited in the other: the edit stays. */
  kept: string[];
}

const filesMax = 20_000;
const diffCharsMax = 3_500;

/** One pass. A later pass takes up what changed meanwhile. @throws RoostError when the home cannot be reached, or the host may not read its files */
export async function syncCopy(options: SyncCopyOptions): Promise<SyncedCopy> {
  const { client, homeDir, host } = options;
  const leftAside = await restoreAside(homeDir, host);
  const state = await openCopyState(homeDir);
  const listed = await readPages((page) => client.listFiles(page), filesMax);
  const remote = new Map(listed.map((file) => [file.path, file]));
  if (listed.length === 0 && state.files.size > 0)
    throw new RoostError("unavailable", "the home lists no files: the copy stays as it is until it does");
  const walk = await walkHome(homeDir);
  if (!walk.isComplete || walk.others.length >= oddMax || listed.length >= filesMax)
    throw new RoostError(
      "limit_exceeded",
      `a copy has at most ${filesMax} files, and fewer than ${oddMax} links: move folders that are no part of the home out of it`,
    );
  const local = new Map(walk.files.map(({ path, absolute }) => [path, absolute]));
  // A link in the place of a file or a folder deletes nothing at the home, nor does what a killed pass left aside.
  const unseen = [
    ...walk.unseen,
    ...leftAside,
    ...walk.others.map(({ path, kind }) => ({ path, reason: `it is a ${kind} here` })),
  ];
  const hiding = (path: string) =>
    unseen.find((other) => path === other.path || path.startsWith(`${other.path}/`))?.reason;
  if (options.isEmptied !== true) {
    refuseLost(state, "here", (path) => local.has(path) || !remote.has(path) || hiding(path) !== undefined);
    refuseLost(state, "at the home", (path) => remote.has(path) || !local.has(path));
  }
  const done: SyncedCopy = {
    taken: [],
    brought: [],
    merged: [],
    diverged: [],
    refused: [],
    removed: [],
    deleted: [],
    kept: [],
  };
  const syncAll = async (paths: readonly string[]) => {
    for (const path of paths) {
      const reason = hiding(path);
      if (reason !== undefined) {
        done.refused.push({ path, reason });
        continue;
      }
      try {
        await syncFile({ ...options, state, path, listed: remote.get(path), isHere: local.has(path), done });
      } catch (error) {
        const { code, message } = toRoostError(error);
        // The home is away or does not know this host any more: nothing of one file.
        if (["unavailable", "timeout", "unauthenticated"].includes(code)) throw error;
        done.refused.push({ path, reason: message });
      }
    }
  };
  try {
    await syncAll(
      [
        ...new Set([...remote.keys(), ...local.keys(), ...state.files.keys(), ...leftAside.map(({ path }) => path)]),
      ].toSorted(),
    );
    // What was in the way of a name, as the files of a folder that is a file now, may have gone in this pass.
    if (done.deleted.length + done.removed.length > 0) await syncAll(done.refused.splice(0).map(({ path }) => path));
  } finally {
    await state.save();
  }
  await dropParts(homeDir);
  return done;
}

interface SyncFile extends SyncCopyOptions {
  state: CopyState;
  path: string;
  listed: HomeFileRecord | undefined;
  isHere: boolean;
  done: SyncedCopy;
}

async function syncFile(file: SyncFile): Promise<void> {
  const { client, state, path, listed, isHere, homeDir } = file;
  const known = state.files.get(path);
  const mine = isHere ? await lookHere(state, { homeDir, path }) : undefined;
  const isSameThere = known !== undefined && listed?.bytes === known.bytes && listed.modifiedAt === known.modifiedAt;
  if (isSameThere && mine?.sha256 === known.sha256) return;
  if (listed === undefined) return await withoutTheirs(file, { known, mine });
  const theirs = await readTheirs(client, state, { listed, known: isSameThere ? known : undefined });
  if (theirs === undefined) return;
  if (mine === undefined && known !== undefined && (await remove(file, { known, theirsSha: theirs.sha256 }))) return;
  const agreed: AgreedFile = { sha256: theirs.sha256, bytes: listed.bytes, modifiedAt: listed.modifiedAt };
  if (mine === undefined || mine.sha256 === known?.sha256 || mine.sha256 === theirs.sha256) {
    if (mine?.sha256 !== theirs.sha256 && !(await take(file, { expected: mine?.sha256, theirs }))) {
      if (mine === undefined) file.done.refused.push({ path, reason: isOther("here") });
      return;
    }
    await state.set(path, agreed, theirs.content);
    if (mine?.sha256 !== theirs.sha256) file.done.taken.push(path);
    return;
  }
  if (theirs.sha256 === known?.sha256) return await bring(file, { mine, expected: theirs });
  await combine(file, { mine, theirs, agreed });
}

function isOther(where: string): string {
  return `something else has this name ${where}, such as a folder, a link, or a file in other letters on a disk that takes upper and lower case for one: rename one of them`;
}

/** The home's version takes the place of what was compared here. False: something else stands there by now. */
async function take(
  { client, homeDir, path, host }: SyncFile,
  { expected, theirs }: { expected: string | undefined; theirs: FileVersion },
): Promise<boolean> {
  const content = theirs.content ?? { file: await fetchRanges(client, homeDir, { path, version: theirs }) };
  return await replaceCopy(homeDir, { path, expected, content, host });
}

/** Deleted here since both had it: so it is at the home, if it is the same there still. False: it was edited there, and comes back. */
async function remove(
  { client, state, path, done }: SyncFile,
  { known, theirsSha }: { known: AgreedFile; theirsSha: string },
): Promise<boolean> {
  const removed =
    theirsSha === known.sha256 && (await client.removeFile({ path, sha256: known.sha256 })).state === "removed";
  if (removed) {
    await state.set(path, undefined);
    done.deleted.push(path);
    return true;
  }
  await tellKept({ client, path, done }, theirsSha);
  return false;
}

/** Once for one edit, however often a pass is cut off. */
async function tellKept(
  { client, path, done }: Pick<SyncFile, "client" | "path" | "done">,
  sha256: string,
): Promise<void> {
  const idempotencyKey = sha256Of(Buffer.from(`kept ${path} ${sha256}`));
  await client.reportDivergence({ path, keptAs: null, diff: "" }, { idempotencyKey });
  done.kept.push(path);
}

/** The home has none: it was deleted there, or is new here. What was changed here is brought, so that nothing is lost. */
async function withoutTheirs(
  file: SyncFile,
  { known, mine }: { known: AgreedFile | undefined; mine: FileVersion | undefined },
): Promise<void> {
  const { state, path, homeDir, host, done } = file;
  if (mine !== undefined && mine.sha256 !== known?.sha256) {
    if (known !== undefined) await tellKept(file, mine.sha256);
    return await bring(file, { mine, expected: undefined });
  }
  if (mine !== undefined) {
    if (!(await replaceCopy(homeDir, { path, expected: mine.sha256, content: undefined, host }))) return;
    done.removed.push(path);
  }
  await state.set(path, undefined);
}

async function bring(
  { client, state, path, listed, done, homeDir }: SyncFile,
  { mine, expected }: { mine: FileVersion; expected: FileVersion | undefined },
): Promise<void> {
  const known = state.files.get(path);
  const written = await writeThere(client, { path, version: mine, file: join(homeDir, path), expected });
  if (written.state === "conflict") {
    // Changed between its listing and now: the next pass fetches it.
    if (listed !== undefined) return known && (await state.set(path, { ...known, modifiedAt: "" }));
    return void done.refused.push({ path, reason: isOther("at the home") });
  }
  await recordWritten(state, path, mine);
  done.brought.push(path);
}

async function combine(
  file: SyncFile,
  { mine, theirs, agreed }: { mine: FileVersion; theirs: FileVersion; agreed: AgreedFile },
): Promise<void> {
  const { client, state, path, homeDir, host, done } = file;
  const texts = textsOf(mine, theirs);
  const base = await state.base(path);
  const merged = base && texts && isText(base) ? mergeTexts(base.toString(), texts.mine, texts.theirs) : undefined;
  const absolute = join(homeDir, path);
  if (merged !== undefined) {
    const content = Buffer.from(merged);
    const version = toVersion(content);
    if (version.sha256 !== theirs.sha256) {
      const written = await writeThere(client, { path, version, file: absolute, expected: theirs });
      if (written.state === "conflict") return;
    }
    // The base stays what it was until the merge is here too: else what stands here would pass for a change that leaves theirs out.
    if (!(await replaceCopy(homeDir, { path, expected: mine.sha256, content, host }))) return;
    await recordWritten(state, path, version);
    done.merged.push(path);
    return;
  }
  const keptAs = nameBeside(path, { by: host, sha256: mine.sha256 });
  // Named by its content: a pass that was killed brings it once.
  const kept = await writeThere(client, { path: keptAs, version: mine, file: absolute, expected: undefined });
  const isNew = kept.state === "written";
  if (!isNew && kept.sha256 !== mine.sha256) return;
  const beside = mine.content ?? { file: await copyAside(homeDir, absolute) };
  await replaceCopy(homeDir, { path: keptAs, expected: undefined, content: beside, host });
  await recordWritten(state, keptAs, mine);
  const diff = texts === undefined ? "" : diffTexts(texts.theirs, texts.mine, { charsMax: diffCharsMax });
  // While both versions stand here: a pass that is cut off finds them again, and tells the same once.
  const idempotencyKey = sha256Of(Buffer.from(`${keptAs} ${theirs.sha256}`));
  if (isNew) await client.reportDivergence({ path, keptAs, diff }, { idempotencyKey });
  if (!(await take(file, { expected: mine.sha256, theirs }))) return;
  await state.set(path, agreed, theirs.content);
  done.diverged.push({ path, keptAs });
}

function textsOf(mine: FileVersion, theirs: FileVersion): { mine: string; theirs: string } | undefined {
  const [ours, others] = [mine.content, theirs.content];
  if (ours === undefined || others === undefined || !isText(ours) || !isText(others)) return undefined;
  return { mine: ours.toString(), theirs: others.toString() };
}

/** Without the home's own stamp it is looked at once more in the next pass, and found the same. */
async function recordWritten(state: CopyState, path: string, { sha256, bytes, content }: FileVersion): Promise<void> {
  await state.set(path, { sha256, bytes, modifiedAt: "" }, content);
}
