/** The files of a folder that is taken over, read only: no hidden names, nothing outside it, each named when it cannot be read. */
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { homeRecordLimits, largeFileBytesMax } from "@roost/contract/operations";
import { sha256OfFile } from "../../bring-ranges.ts";
import { namedWithin, noPlace, recordOf, refusedAs, secretAt, noteOf, type Finding, type Found } from "./found.ts";
import { findSecretLine, isSecretFile, SecretSearch, type SecretLine } from "./find-secret-line.ts";
import { lookAt } from "./why-unreadable.ts";

const filesMax = 20_000;
const depthMax = 12;
const skippedFolders = new Set(["node_modules", "__pycache__"]);
/** Common in such folders, and not worth importing. */
const unsaid = new Set([".git", ".DS_Store", ".gitignore", ".gitattributes"]);

export interface SourceFile {
  /** Relative to the folder, with `/`. */
  path: string;
  absolute: string;
}

/** Files by path, those of linked folders last; what cannot be walked is told. */
export async function* walkSource(root: string): AsyncGenerator<SourceFile | Found> {
  const realRoot = await realpath(root);
  const folders = [{ path: "", depth: 0 }];
  // After what stands in its own place, which is not to be the one that is left out.
  const links: typeof folders = [];
  const seen = new Set<string>();
  let count = 0;
  for (let folder = folders.shift(); folder !== undefined; folder = folders.shift() ?? links.shift()) {
    const absolute = join(root, folder.path);
    const real = await realpath(absolute).catch(() => absolute);
    // A link to a folder above it would have no end.
    if (seen.has(real)) {
      yield refusedAs(folder.path, `it is a link to ${real}, which comes in once`);
      continue;
    }
    seen.add(real);
    const entries = await readdir(absolute, { withFileTypes: true }).catch((error: Error) => error);
    if (entries instanceof Error) {
      yield refusedAs(folder.path || root, `it cannot be read (${entries.message})`);
      continue;
    }
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const { name } = entry;
      const path = folder.path === "" ? name : `${folder.path}/${name}`;
      if (name.startsWith(".") || skippedFolders.has(name)) {
        if (!unsaid.has(name)) yield hidden(path);
        continue;
      }
      const looked = await lookAt(join(root, path), realRoot);
      if (typeof looked === "string") yield refusedAs(path, looked);
      else if (looked.isFolder) {
        const found = entry.isSymbolicLink() ? links : folders;
        if (folder.depth + 1 < depthMax) found.push({ path, depth: folder.depth + 1 });
        else yield refusedAs(path, `it is deeper than ${depthMax} folders`);
      } else if ((count += 1) > filesMax) {
        yield refusedAs(path, `there are more than ${filesMax} files: import a smaller folder`);
        return;
      } else yield { path, absolute: join(root, path) };
    }
  }
}

function hidden(path: string): Found {
  return isSecretFile(path)
    ? secretAt(path, "it holds secrets: name them by reference in roost.yaml (docs/settings.md)")
    : noPlace(path, "hidden names and packages are no part of a home");
}

const textNames = /\.(?:md|markdown|mdx|txt|text|org|rst|csv|json|jsonl|ya?ml|toml|sh|py|js|ts|html?|css)$|^[^.]+$/i;

export interface ReadText {
  text: string;
  /** What it was converted from. */
  from?: string;
}

/** As UTF-8; undefined for what is not text. */
export function decodeText(bytes: Buffer, name: string): ReadText | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe)
    return { text: new TextDecoder("utf-16le").decode(bytes), from: "UTF-16" };
  if (bytes[0] === 0xfe && bytes[1] === 0xff)
    return { text: new TextDecoder("utf-16be").decode(bytes), from: "UTF-16" };
  if (bytes.includes(0)) return undefined;
  try {
    return { text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    if (!textNames.test(name)) return undefined;
    return { text: new TextDecoder("windows-1252").decode(bytes), from: "Windows-1252" };
  }
}

export interface FileTaken {
  ref: string;
  /** Its path here. */
  path: string;
  absolute: string;
  kept?: Record<string, unknown> | undefined;
  /** A folder that no link may lead out of; of a file of `walkSource` it is known. */
  within?: string;
  /** What becomes of its text here. */
  convert?: (text: string) => string;
  labels?: string[] | undefined;
}

/** A file as a record; refused by name when it cannot be one. */
export async function* takeFile(file: FileTaken): Finding {
  const { ref, path, absolute, within, kept, convert, labels } = file;
  if (isSecretFile(path))
    return yield secretAt(ref, "it holds secrets: name them by reference in roost.yaml (docs/settings.md)");
  const looked = await lookFor(absolute, within);
  if (typeof looked === "string") return yield refusedAs(ref, looked);
  // What is converted is a text that its reader takes as a whole.
  if (looked.bytes > homeRecordLimits.fileBytesMax && convert === undefined)
    return yield* takeLarge(file, looked.bytes);
  const bytes = await readUpTo(absolute, looked.bytes);
  if (typeof bytes === "string") return yield refusedAs(ref, bytes);
  const read = decodeText(bytes, path);
  if (read?.from !== undefined) yield noteOf(`${ref}: converted from ${read.from} to UTF-8`);
  const secret = read && findSecretLine(read.text);
  if (secret !== undefined) yield secretLineAt(ref, secret);
  const text = read && (convert === undefined ? read.text : convert(read.text));
  const record = {
    kind: "file" as const,
    ref,
    path,
    ...(text === undefined ? { base64: bytes.toString("base64") } : { text }),
    labels,
    kept,
  };
  const isVerbatim = read?.from === undefined && convert === undefined;
  yield recordOf(record, { origin: isVerbatim ? absolute : undefined });
}

/** As it is; its bytes are brought before its record. */
async function* takeLarge({ ref, path, absolute, kept, labels }: FileTaken, bytes: number): Finding {
  if (bytes > largeFileBytesMax)
    return yield refusedAs(ref, `it has ${bytes} bytes (limit ${largeFileBytesMax}): split it`);
  try {
    const search = new SecretSearch(path);
    const brought = { sha256: await sha256OfFile(absolute, (piece) => search.take(piece)), bytes };
    const secret = search.found;
    if (secret !== undefined) yield secretLineAt(ref, secret);
    yield recordOf({ kind: "file", ref, path, brought, labels, kept }, { origin: absolute, content: absolute });
  } catch (error) {
    yield refusedAs(ref, whyUnread(error));
  }
}

/** All files of a folder, if it is there. */
export async function* takeFolder(folder: string, place: (path: string) => Omit<FileTaken, "absolute">): Finding {
  if (!(await isFolder(folder))) return;
  for await (const file of walkSource(folder))
    if ("found" in file) yield namedWithin(file, (name) => place(name).ref);
    else yield* takeFile({ ...place(file.path), absolute: file.absolute });
}

export async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}

export interface ReadWithin {
  bytesMax?: number;
  /** A folder that no link may lead out of. */
  within?: string | undefined;
}

/** The bytes, or why not. */
export async function readWithin(absolute: string, { bytesMax, within }: ReadWithin = {}): Promise<Buffer | string> {
  const looked = await lookFor(absolute, within);
  return typeof looked === "string" ? looked : await readUpTo(absolute, looked.bytes, bytesMax);
}

async function lookFor(absolute: string, within: string | undefined): Promise<{ bytes: number } | string> {
  const looked = await lookAt(absolute, within);
  return typeof looked !== "string" && looked.isFolder ? "it is a folder" : looked;
}

async function readUpTo(
  absolute: string,
  bytes: number,
  bytesMax: number = homeRecordLimits.fileBytesMax,
): Promise<Buffer | string> {
  if (bytes > bytesMax) return `it has ${bytes} bytes (limit ${bytesMax}): copy it by hand, or split it`;
  return await readFile(absolute).catch(whyUnread);
}

function whyUnread(error: unknown): string {
  return `it cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`;
}

function secretLineAt(ref: string, { line, what }: SecretLine): Found {
  return secretAt(`${ref}:${line}`, `it looks like ${what}: put a reference in its place`);
}
