/**
 * Writes a file of the home by compare-and-swap, only over the content that the writer has seen. The intent is committed first, the file replaced
 * under the path's lock, and the record committed with file.written; settleIntents completes it after a crash. Every version is in the version
 * store before it can be on disk.
 */
import { rememberResult, type KernelTransaction } from "@roost/kernel";
import { RoostError, toRoostError, type JsonValue } from "@roost/base";
import { formatLabels, isUntrusted } from "@roost/contract/labels";
import { FileFault } from "../disk/file-fault.ts";
import { homeLimits } from "../disk/home-limits.ts";
import { resolveHomePath, type ResolvedPath } from "../disk/home-path.ts";
import { hashOf, readDiskFile, type DiskFile } from "../disk/read-disk-file.ts";
import { removeEmptyFolder } from "../disk/remove-empty-folder.ts";
import { replaceFile } from "../disk/replace-file.ts";
import type { Memory } from "../memory.ts";
import { overCaughtUpDisk } from "../mirror/catch-up-disk.ts";
import { lockPath, readRecord, textForPeople } from "../records/file-records.ts";
import {
  insertIntent,
  recordFound,
  recordWritten,
  settleIntents,
  takeIntent,
  type WriteIntent,
} from "../records/write-intents.ts";
import { labelsOfAll } from "../records/line-marks.ts";
import { whyLossy } from "./why-lossy.ts";
import type { WriteOutcome, WriteRequest } from "./write-request.ts";
import { writeRecorded } from "./write-recorded.ts";
import { marksFromOutside } from "./marks-from-outside.ts";
import { marksOfFile } from "./marks-of-file.ts";
import { parseState, renderState } from "../state/parse-state.ts";
import { setState } from "../state/set-state.ts";
import { heldFile } from "../visibility/held-files.ts";
import { homeFolders, stateNameOf } from "../visibility/home-file-class.ts";
import { labelsFromOutside } from "../visibility/placed-at.ts";
import type { Viewer } from "../visibility/viewer.ts";
import { refuseUnwritable } from "../visibility/visibility.ts";

/**
 * @throws RoostError `forbidden` when the viewer may not write it, `limit_exceeded`, `invalid_input`; FileFault when the existing file cannot be
 * read or replaced. Nothing of the write is left then.
 */
export async function writeHomeFile(memory: Memory, request: WriteRequest): Promise<WriteOutcome> {
  const target = await findTarget(memory, request);
  const bytes = encode(target.path, request.text);
  const stateName = stateNameOf(target.path);
  if (stateName !== undefined) return writeStateFile(memory, request, stateName);
  // Before any commit: an unreadable file cannot be compared and is refused here.
  refuseLoss(request, target, await readDiskFile(target.absolute));
  return putHomeFile(memory, request, { target, bytes });
}

/** Replaces a file that the caller has resolved, and may write. */
export async function putHomeFile(
  memory: Memory,
  asked: Omit<WriteRequest, "path" | "text">,
  { target, bytes }: { target: ResolvedPath; bytes: Buffer },
): Promise<WriteOutcome> {
  const sha256 = hashOf(bytes);
  const request =
    asked.isFromOutside === true
      ? { ...asked, marks: await marksFromOutside(memory, target, { bytes, sha256 }) }
      : asked;
  await memory.versions.put(bytes);
  if (memory.mirror !== undefined) {
    const intent = intentOf(memory, { request, target, bytes, sha256 });
    return await writeRecorded(memory, { request, target, bytes, intent });
  }
  // A crashed writer of the same file is settled first: it may have been this very write.
  await settleIntents(memory, target.path);
  return overCaughtUpDisk(memory, target.path, () => attemptWrite(memory, { request, target, bytes, sha256 }));
}

/** Where it is to be written, as of now. @throws RoostError `forbidden` when the viewer may not write it, `invalid_input` */
export async function findTarget(
  memory: Memory,
  request: Pick<WriteRequest, "path" | "as" | "labels" | "isFromOutside">,
): Promise<ResolvedPath> {
  await memory.mirror?.refresh();
  const target = await resolveHomePath(memory.homeDir, request.path);
  refuseUnwritable(request.as, target.path);
  refuseFolder(target);
  refuseHeld(request, target);
  // A host's files have no folders of their own: one whose files went was a folder of theirs.
  if (request.isFromOutside === true) await removeEmptyFolder(target.absolute);
  return target;
}

function refuseFolder({ path }: ResolvedPath): void {
  if (!homeFolders.includes(path.toLowerCase())) return;
  throw new RoostError("invalid_input", `${path} is a folder of the home: write a file in it, like ${path}/NAME.md`);
}

/** Approvals go by the path that was shown to the person: what a link leads to, or a call that was not held, is refused here. */
function refuseHeld({ path: asked, labels }: Pick<WriteRequest, "path" | "labels">, { path }: ResolvedPath): void {
  const held = labels !== undefined && isUntrusted(labels) ? heldFile(path) : undefined;
  if (held === undefined) return;
  const where = asked === path ? path : `${asked}, which is ${path},`;
  throw new RoostError(
    "forbidden",
    `${where} is ${held.what}, and the run has read untrusted content: write ${path} by a call of its own, then a person is asked`,
  );
}

/** An agent that rewrites what is remembered loses little of it at once; the versions before are kept in any case. */
function refuseLoss({ runId, text, reworded }: WriteRequest, { path }: ResolvedPath, disk: DiskFile | undefined): void {
  if (runId === undefined || disk === undefined) return;
  const why = whyLossy(path, { before: textForPeople(disk), after: text, reworded });
  if (why !== undefined) throw new RoostError("invalid_input", why);
}

interface Write {
  request: Omit<WriteRequest, "path" | "text">;
  target: ResolvedPath;
  bytes: Buffer;
  sha256: string;
}

export function intentOf(memory: Memory, { request, target, sha256, bytes }: Write): WriteIntent {
  const { by, runId, sessionKey, sessionKind, labels, marks, remember } = request;
  return {
    id: memory.kernel.createId(),
    path: target.path,
    previousSha256: request.expected === "absent" ? null : request.expected,
    sha256,
    bytes: bytes.length,
    author: {
      by,
      runId,
      sessionKey,
      sessionKind,
      labels: labels === undefined ? undefined : formatLabels(labels),
      sections:
        marks === undefined ? undefined : marks.map((each) => [each.from, each.count, formatLabels(each.labels)]),
      remember,
    },
  };
}

async function attemptWrite(memory: Memory, write: Write): Promise<WriteOutcome | "again"> {
  const { request, target } = write;
  const { remember } = request;
  const intent = intentOf(memory, write);
  await insertIntent(memory, intent);
  // Outside the transaction's function, which is repeated after a deadlock: the file is replaced once.
  const progress: Progress = {};
  try {
    return await memory.kernel.transact(async (tx) => {
      await lockPath(tx, target.path);
      if (!(await takeIntent(tx, intent.id))) return "again";
      const disk = await readDiskFile(target.absolute);
      if (progress.replacedAt === undefined) {
        const record = await readRecord(tx, target.path);
        // A worker elsewhere has written it: the disk is brought to that first.
        if (record?.behind != null) return "again";
        // Before the key is checked: what is found may be this very write, by a process that died after its rename.
        await recordFound(memory, tx, { path: target.path, disk, record });
      }
      if (remember !== undefined && (await isRepeated(tx, remember, target.path)))
        return { state: "repeated", path: target.path };
      return swap(memory, tx, { ...write, intent, progress, disk });
    });
  } catch (error) {
    if (error instanceof FoundOther) return giveUp(memory, intent, { target, as: request.as });
    if (error instanceof FileFault) await withdraw(memory, intent);
    throw error;
  }
}

/** The write failed: its intent is settled by what is on disk. If that cannot be read, the next scan does it. */
export async function withdraw(memory: Memory, { path, id }: WriteIntent): Promise<void> {
  try {
    await settleIntents(memory, path);
  } catch (error) {
    memory.logger.warn("the intent of a failed write is left to the next scan", {
      path,
      id,
      error: toRoostError(error).message,
    });
  }
}

interface Progress {
  replacedAt?: Date;
}

/** Rolls back the records of the write. */
class FoundOther extends Error {}

async function isRepeated(
  tx: KernelTransaction,
  remember: { scope: string; key: string },
  path: string,
): Promise<boolean> {
  return (await rememberResult(tx, remember, async (): Promise<JsonValue> => ({ path }))).isRepeated;
}

async function swap(
  memory: Memory,
  tx: KernelTransaction,
  write: Write & { intent: WriteIntent; progress: Progress; disk: DiskFile | undefined },
): Promise<WriteOutcome> {
  const { request, target, bytes, sha256, intent, progress, disk } = write;
  const written: WriteOutcome = { state: "written", path: target.path, sha256, bytes: bytes.length };
  if (progress.replacedAt === undefined) {
    const isThere = disk?.sha256 === sha256;
    if (!isThere && (disk?.sha256 ?? "absent") !== request.expected) throw new FoundOther();
    await request.alongside?.(tx);
    // By an earlier attempt, or by another writer of the same content.
    if (isThere) return written;
    const replaced = await replaceFile({ absolute: target.absolute, bytes, expected: request.expected, id: intent.id });
    if (replaced.state === "conflict") throw new FoundOther();
    progress.replacedAt = replaced.modifiedAt;
  } else {
    await request.alongside?.(tx);
  }
  await recordWritten(memory, tx, intent, { bytes, stamp: null, modifiedAt: progress.replacedAt });
  return written;
}

/** The write did not happen; what is there instead is recorded and returned. */
async function giveUp(
  memory: Memory,
  intent: WriteIntent,
  { target, as }: { target: ResolvedPath; as: Viewer },
): Promise<WriteOutcome> {
  const { path } = target;
  const disk = await memory.kernel.transact(async (tx) => {
    await lockPath(tx, path);
    await takeIntent(tx, intent.id);
    const now = await readDiskFile(target.absolute);
    await recordFound(memory, tx, { path, disk: now, record: await readRecord(tx, path) });
    return now;
  });
  const text = textForPeople(disk);
  const sha256 = disk?.sha256 ?? "absent";
  return {
    state: "conflict",
    path,
    sha256,
    text,
    labels: labelsOfAll(await marksOfFile(memory, as, { path, sha256, text })),
  };
}

/** Agents may write a state file like any other: its content becomes the state. */
async function writeStateFile(memory: Memory, request: WriteRequest, name: string): Promise<WriteOutcome> {
  const parsed = parseState(request.text);
  if (parsed.state === "invalid") {
    throw new RoostError(
      "invalid_input",
      `${request.path} cannot be written: ${parsed.problem}; a state file holds one JSON value`,
    );
  }
  const { path, by, runId, sessionKey, sessionKind, as, expected } = request;
  const labels = request.isFromOutside === true ? labelsFromOutside(path) : request.labels;
  const outcome = await setState(memory, {
    name,
    value: parsed.value,
    expectedSha256: expected,
    as,
    by,
    runId,
    sessionKey,
    sessionKind,
    labels,
    idempotencyKey: request.remember?.key,
  });
  const sha256 = outcome.sha256 ?? "absent";
  if (outcome.state === "conflict")
    return {
      state: "conflict",
      path,
      sha256,
      text: outcome.sha256 === null ? "" : renderState(outcome.value),
      labels: outcome.labels,
    };
  return { state: "written", path, sha256, bytes: Buffer.byteLength(renderState(outcome.value)) };
}

function encode(path: string, text: string): Buffer {
  if (text.includes("\0") || !text.isWellFormed())
    throw new RoostError("invalid_input", `${path} can only be written with well-formed text without NUL`);
  const bytes = Buffer.from(text);
  refuseLarge(path, bytes.length);
  return bytes;
}

export function refuseLarge(path: string, bytes: number): void {
  if (bytes <= homeLimits.fileBytesMax) return;
  throw new RoostError(
    "limit_exceeded",
    `${path} would have ${bytes} bytes (limit ${homeLimits.fileBytesMax}): split it`,
  );
}
