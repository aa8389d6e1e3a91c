/**
 * Brings a host's copy of the home files and the home together, file by file: what changed on one side goes to the other, what changed on both is
 * merged by lines, and where that is not possible both versions are kept. Nothing is overwritten that was not compared: at the home by its
 * compare-and-swap, here by replaceCopy.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { RoostError, toRoostError } from "@roost/base";
import { fileTextCharsMax, type HomeFileRecord } from "@roost/contract/operations";
import { diffTexts, mergeTexts, nameBeside } from "@roost/memory/merge-texts";
import { walkHome } from "@roost/memory/walk-home";
import type { RoostClient } from "../connect.ts";
import { readPages } from "../read-pages.ts";
import { openCopyState, sha256Of, type AgreedFile, type CopyState } from "./copy-state.ts";
import { replaceCopy, restoreAside } from "./replace-copy.ts";

export interface SyncCopyOptions {
  client: RoostClient;
  homeDir: string;
  /** Of this host: names what is kept beside. */
  host: string;
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
  removed: string[];
}

const filesMax = 20_000;
const diffCharsMax = 3_500;

/** One pass. A later pass takes up what changed meanwhile. @throws RoostError when the home cannot be reached, or the host may not read its files */
export async function syncCopy(options: SyncCopyOptions): Promise<SyncedCopy> {
  const { client, homeDir } = options;
  await restoreAside(homeDir);
  const state = await openCopyState(homeDir);
  const listed = await readPages(
    (page) => client.listFiles(page),
    (page) => page.items,
    filesMax,
  );
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
  const unseen = walk.unseen.map(({ path }) => path);
  const done: SyncedCopy = { taken: [], brought: [], merged: [], diverged: [], refused: [], removed: [] };
  try {
    for (const path of [...new Set([...remote.keys(), ...local.keys(), ...state.files.keys()])].toSorted()) {
      if (unseen.some((folder) => path === folder || path.startsWith(`${folder}/`))) continue;
      try {
        await syncFile({ ...options, state, path, listed: remote.get(path), isHere: local.has(path), done });
      } catch (error) {
        const { code, message } = toRoostError(error);
        if (!["forbidden", "invalid_input", "limit_exceeded"].includes(code)) throw error;
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
  const agreed: AgreedFile = { sha256: theirsSha, bytes: listed.bytes, modifiedAt: listed.modifiedAt };
  if (mine === undefined || mineSha === known?.sha256 || mineSha === theirsSha) {
    if (mineSha !== theirsSha && !(await replaceCopy(homeDir, { path, expected: mineSha, content }))) return;
    await state.set(path, agreed, content);
    if (mineSha !== theirsSha) file.done.taken.push(path);
    return;
  }
  if (theirsSha === known?.sha256) return await bring(file, { mine, expected: theirsSha });
  await combine(file, { mine, theirs: content, agreed });
}

/** The home has none: it was deleted there, or is new here. What was changed here is brought, so that nothing is lost. */
async function withoutTheirs(
  file: SyncFile,
  { known, mine, mineSha }: { known: AgreedFile | undefined; mine: Buffer | undefined; mineSha: string | undefined },
): Promise<void> {
  const { state, path, homeDir, done } = file;
  if (mine !== undefined && mineSha !== known?.sha256) return await bring(file, { mine, expected: undefined });
  if (mine !== undefined && !(await replaceCopy(homeDir, { path, expected: mineSha, content: undefined }))) return;
  if (mine !== undefined) done.removed.push(path);
  await state.set(path, undefined);
}

async function bring(
  { client, state, path, done }: SyncFile,
  { mine, expected }: { mine: Buffer; expected: string | undefined },
): Promise<void> {
  const text = textOf(path, mine);
  const known = state.files.get(path);
  const written = await client.writeFile({ path, text, sha256: expected });
  // Changed between its listing and now: the next pass fetches it.
  if (written.state === "conflict") return known && (await state.set(path, { ...known, modifiedAt: "" }));
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
      const written = await client.writeFile({ path, text: merged, sha256: agreed.sha256 });
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
  const kept = await client.writeFile({ path: keptAs, text: textOf(path, mine) });
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

/** @throws RoostError `invalid_input` for what the home takes by no call */
function textOf(path: string, content: Buffer): string {
  const text = content.toString();
  if (isText(content) && text.length <= fileTextCharsMax) return text;
  throw new RoostError(
    "invalid_input",
    `${path} is no text of at most ${fileTextCharsMax} characters: put it into the home on its own host`,
  );
}
