/**
 * Parts of messages and results: kept by reference, once for equal bytes, and taken into messages by their hash. What names a part is
 * recorded with the part; what nothing names is removed by dropParts.
 */
import { repairedLine, RoostError } from "@roost/base";
import { formatLabels, joinLabels, placedFor, type Labels } from "@roost/contract/labels";
import { nameCharsMax } from "@roost/contract/operations";
import { partLimits, type Part, type PartType } from "@roost/contract/part";
import type { KernelTransaction } from "@roost/kernel";
import type { ObjectContent } from "@roost/objects";
import type { Memory } from "../memory.ts";
import { headBytes, kindOf } from "./kind-of.ts";

export interface NewPart {
  content: ObjectContent;
  /** Of the file. */
  name?: string | undefined;
  /** As its sender says; its bytes decide. */
  mediaType?: string;
  labels: Labels;
  /** The run whose steps will name it. */
  runId?: string | undefined;
}

/**
 * Keeps bytes: when it returns they are durable, and stay at least for a day, or as long as a message or the run names them.
 * @throws RoostError `limit_exceeded`, or `unavailable` when the disk is full, or they were removed while they were kept again
 */
export async function keepPart(
  memory: Memory,
  { content, name: given, mediaType = "", labels, runId }: NewPart,
): Promise<Part> {
  const name = nameOfPart(given);
  const head: Uint8Array[] = [];
  const { sha256, bytes } = await memory.parts.put(withHead(content, head)).catch(refuseFull);
  const kind = kindOf(Buffer.concat(head).subarray(0, headBytes), { name, said: mediaType });
  await memory.kernel.transact(async (tx) => {
    await tx.query(
      `insert into memory.part (sha256, bytes, type, media_type, name, labels) values ($1, $2, $3, $4, $5, $6)
       on conflict (sha256) do update set kept_at = roost.now()`,
      [sha256, bytes, kind.type, kind.mediaType, name ?? null, await tx.labelSet(labels)],
    );
    // Its row is locked: it is not removed from here on.
    if (!(await memory.parts.has(sha256)))
      throw new RoostError("unavailable", `part ${sha256} was removed while it was kept again: send it again`);
    if (runId === undefined) return;
    await tx.query("insert into memory.part_of_run (sha256, run_id) values ($1, $2) on conflict do nothing", [
      sha256,
      runId,
    ]);
  });
  return { ...kind, bytes, sha256, name };
}

/** Files are named by who sends them. */
function nameOfPart(given: string | undefined): string | undefined {
  return given === undefined ? undefined : repairedLine(given, nameCharsMax);
}

/** Nothing is wrong with the part: it can be kept when there is space again. */
function refuseFull(error: NodeJS.ErrnoException): never {
  if (error.code !== "ENOSPC" && error.code !== "EDQUOT") throw error;
  throw new RoostError("unavailable", "the disk is full: free some space, then send it again", { cause: error });
}

async function* withHead(content: ObjectContent, head: Uint8Array[]): AsyncGenerator<Uint8Array> {
  let length = 0;
  for await (const piece of content instanceof Uint8Array ? [content] : content) {
    if (length < headBytes) head.push(piece.subarray(0, headBytes - length));
    length += piece.byteLength;
    yield piece;
  }
}

interface PartRow {
  sha256: string;
  bytes: number;
  type: PartType;
  mediaType: string;
  name: string | null;
  labels: number;
}

const columns = `sha256, bytes, type, media_type as "mediaType", name, labels`;

export type StoredPart = Pick<PartRow, "mediaType" | "name"> & { bytes: Uint8Array<ArrayBuffer>; labels: Labels };

/** Undefined when there is none of that hash. A caller is given it only when cleared for its labels. */
export async function readPart(memory: Memory, sha256: string): Promise<StoredPart | undefined> {
  const [row] = await memory.kernel.database.query<PartRow>(`select ${columns} from memory.part where sha256 = $1`, [
    sha256,
  ]);
  const bytes = row && (await memory.parts.get(sha256));
  if (row === undefined || bytes === undefined) return undefined;
  const { mediaType, name } = row;
  const labels = await memory.kernel.labelSets.read(memory.kernel.database, row.labels);
  return { mediaType, name, labels, bytes: Buffer.from(bytes) };
}

/**
 * The parts that a message names, as it will hold them: marked by their source, for the audience of the message, short texts in place.
 * They are kept from now on, with the transaction.
 * @throws RoostError `not_found` for one that was never kept, or was removed
 */
export async function takeParts(
  memory: Memory,
  tx: KernelTransaction,
  { refs, labels }: { refs: readonly { sha256: string; name?: string | undefined }[]; labels: Labels },
): Promise<Part[]> {
  if (refs.length === 0) return [];
  const rows = await tx.query<PartRow>(
    `update memory.part set is_told = true where sha256 = any($1) returning ${columns}`,
    [refs.map(({ sha256 }) => sha256)],
  );
  const parts: Part[] = [];
  for (const ref of refs) {
    const row = rows.find(({ sha256 }) => sha256 === ref.sha256);
    if (row === undefined)
      throw new RoostError("not_found", `there is no part ${ref.sha256}: upload it, and name it within a day`);
    const { sha256, bytes, type, mediaType } = row;
    const isInline = (type === "text" || type === "json") && bytes <= partLimits.inlineBytesMax;
    const stored = isInline ? await memory.parts.get(sha256) : undefined;
    const itsLabels = joinLabels(labels, placedFor(await tx.readLabels(row.labels), labels.audiences));
    parts.push({
      type,
      mediaType,
      bytes,
      sha256,
      name: nameOfPart(ref.name) ?? row.name ?? undefined,
      text: stored !== undefined ? new TextDecoder().decode(stored).replaceAll("\0", "\uFFFD") : undefined,
      labels: formatLabels(itsLabels),
    });
  }
  return parts;
}

/** Messages of a transcript name them: they are kept from now on. */
export async function tellParts(tx: KernelTransaction, parts: readonly Part[]): Promise<void> {
  const hashes = parts.flatMap(({ sha256 }) => sha256 ?? []);
  if (hashes.length === 0) return;
  await tx.query("update memory.part set is_told = true where sha256 = any($1) and not is_told", [hashes]);
}
