/**
 * Brings a host's copy of the home files and the home together, file by file: what changed on one side goes to the other, what changed on both is
 * merged by lines, and where that is not possible both versions are kept. Nothing is overwritten that was not compared: at the home by its
 * compare-and-swap, here by replaceCopy.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { RoostError, toRoostError } from "@roost/base";
import { fileBytesMax, fileTextCharsMax, type HomeFileRecord } from "@roost/contract/operations";
import { diffTexts, mergeTexts, nameBeside } from "@roost/memory/merge-texts";
import { walkHome } from "@roost/memory/walk-home";
import type { RoostClient } from "../connect.ts";
import { readPages } from "../read-pages.ts";
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
  const { client, homeDir } = options;
  const leftAside = await restoreAside(homeDir);
  const state = await openCopyState(homeDir);
  const listed = await readPages((page) => client.listFiles(page), filesMax);
  const remote = new Map(listed.map((file) => [file.path, file]));
  if (listed.length === 0 && state.files.size > 0)
    throw new RoostError("unavailable", "the home lists no files: the copy stays as it is until it does");
  const walk = await walkHome(homeDir);
  if (!walk.isComplete || listed.length >= filesMax)
    throw new RoostError(
      "limit_exceeded",
      `a copy has at most ${filesMax} files: move folders that are no part of the home out of it`,
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
  try {
    for (const path of [
      ...new Set([...remote.keys(), ...local.keys(), ...state.files.keys(), ...leftAside.map(({ path }) => path)]),
    ].toSorted()) {
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
  } finally {
    await state.save();
  }
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
  const { state, path, listed, isHere, homeDir } = file;
  const known = state.files.get(path);
  const mine = isHere ? await readHere(join(homeDir, path)) : undefined;
  const mineSha = mine && sha256Of(mine);
  const isSameThere = known !== undefined && listed?.bytes === known.bytes && listed.modifiedAt === known.modifiedAt;
  if (isSameThere && mineSha === known.sha256) return;
  if (listed === undefined) return await withoutTheirs(file, { known, mine, mineSha });
  const theirs = isSameThere ? await state.base(path) : undefined;
  const content = theirs ?? (await fetchFile(file.client, path));
  if (content === undefined) return;
  const theirsSha = sha256Of(content);
  if (mine === undefined && known !== undefined && (await remove(file, { known, theirsSha }))) return;
  const agreed: AgreedFile = { sha256: theirsSha, bytes: listed.bytes, modifiedAt: listed.modifiedAt };
  if (mine === undefined || mineSha === known?.sha256 || mineSha === theirsSha) {
    if (mineSha !== theirsSha && !(await replaceCopy(homeDir, { path, expected: mineSha, content }))) {
      if (mine === undefined) file.done.refused.push({ path, reason: isOther("here") });
      return;
    }
    await state.set(path, agreed, content);
    if (mineSha !== theirsSha) file.done.taken.push(path);
    return;
  }
  if (theirsSha === known?.sha256) return await bring(file, { mine, expected: theirsSha });
  await combine(file, { mine, theirs: content, agreed });
}

function isOther(where: string): string {
  return `something else has this name ${where}, such as a folder, a link, or a file in other letters on a disk that takes upper and lower case for one: rename one of them`;
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
  { known, mine, mineSha }: { known: AgreedFile | undefined; mine: Buffer | undefined; mineSha: string | undefined },
): Promise<void> {
  const { state, path, homeDir, done } = file;
  if (mine !== undefined && mineSha !== known?.sha256) {
    if (known !== undefined) await tellKept(file, mineSha!);
    return await bring(file, { mine, expected: undefined });
  }
  if (mine !== undefined && !(await replaceCopy(homeDir, { path, expected: mineSha, content: undefined }))) return;
  if (mine !== undefined) done.removed.push(path);
  await state.set(path, undefined);
}

async function bring(
  { client, state, path, listed, done }: SyncFile,
  { mine, expected }: { mine: Buffer; expected: string | undefined },
): Promise<void> {
  const known = state.files.get(path);
  const written = await writeThere(client, { path, content: mine, expected });
  if (written.state === "conflict") {
    // Changed between its listing and now: the next pass fetches it.
    if (listed !== undefined) return known && (await state.set(path, { ...known, modifiedAt: "" }));
    return void done.refused.push({ path, reason: isOther("at the home") });
  }
  await recordWritten(state, { path, content: mine });
  done.brought.push(path);
}

async function combine(
  file: SyncFile,
  { mine, theirs, agreed }: { mine: Buffer; theirs: Buffer; agreed: AgreedFile },
): Promise<void> {
  const { client, state, path, homeDir, done } = file;
  const base = await state.base(path);
  const texts = isText(mine) && isText(theirs) ? { mine: mine.toString(), theirs: theirs.toString() } : undefined;
  const merged = base && texts && isText(base) ? mergeTexts(base.toString(), texts.mine, texts.theirs) : undefined;
  if (merged !== undefined) {
    const content = Buffer.from(merged);
    if (sha256Of(content) !== agreed.sha256) {
      const written = await writeThere(client, { path, content, expected: agreed.sha256 });
      if (written.state === "conflict") return;
    }
    // The base stays what it was until the merge is here too: else what stands here would pass for a change that leaves theirs out.
    if (!(await replaceCopy(homeDir, { path, expected: sha256Of(mine), content }))) return;
    await recordWritten(state, { path, content });
    done.merged.push(path);
    return;
  }
  const keptAs = nameBeside(path, { by: file.host, content: mine });
  // Named by its content: a pass that was killed brings it once.
  const kept = await writeThere(client, { path: keptAs, content: mine, expected: undefined });
  const isNew = kept.state === "written";
  if (!isNew && kept.sha256 !== sha256Of(mine)) return;
  await replaceCopy(homeDir, { path: keptAs, expected: undefined, content: mine });
  await recordWritten(state, { path: keptAs, content: mine });
  const diff = texts === undefined ? "" : diffTexts(texts.theirs, texts.mine, { charsMax: diffCharsMax });
  // While both versions stand here: a pass that is cut off finds them again, and tells the same once.
  const idempotencyKey = sha256Of(Buffer.from(`${keptAs} ${agreed.sha256}`));
  if (isNew) await client.reportDivergence({ path, keptAs, diff }, { idempotencyKey });
  if (!(await replaceCopy(homeDir, { path, expected: sha256Of(mine), content: theirs }))) return;
  await state.set(path, agreed, theirs);
  done.diverged.push({ path, keptAs });
}

/** Without the home's own stamp it is fetched once more in the next pass, and found the same. */
async function recordWritten(state: CopyState, { path, content }: { path: string; content: Buffer }): Promise<void> {
  await state.set(path, { sha256: sha256Of(content), bytes: content.length, modifiedAt: "" }, content);
}

async function fetchFile(client: RoostClient, path: string): Promise<Buffer | undefined> {
  try {
    return Buffer.from((await client.getFile({ path })).bytes);
  } catch (error) {
    if (error instanceof RoostError && error.code === "not_found") return undefined;
    throw error;
  }
}

async function readHere(absolute: string): Promise<Buffer | undefined> {
  return await readFile(absolute).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
}

function isText(content: Buffer): boolean {
  return !content.includes(0) && Buffer.compare(Buffer.from(content.toString()), content) === 0;
}

/** @throws RoostError `limit_exceeded` for what the home does not keep versions of */
async function writeThere(
  client: RoostClient,
  { path, content, expected }: { path: string; content: Buffer; expected: string | undefined },
): Promise<{ state: "written" | "conflict"; sha256: string | null }> {
  const text = content.toString();
  if (isText(content) && text.length <= fileTextCharsMax)
    return await client.writeFile({ path, text, sha256: expected });
  if (content.length > fileBytesMax)
    throw new RoostError(
      "limit_exceeded",
      `${path} has ${content.length} bytes (limit ${fileBytesMax}): put it into the home on its own host`,
    );
  const bytes = Uint8Array.from(content);
  return await client.putFile({ path, sha256: expected, content: { mediaType: "application/octet-stream", bytes } });
}
