/**
 * What a host knows of its copy, in `.roost/copy`: of each file the content that the home and this host agreed on last, which is the base of a
 * merge. Written before anything depends on it, so that a killed pass is repeated.
 */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { RoostError, writeFileDurably } from "@roost/base";
import { sha256OfFile } from "../bring-ranges.ts";

export interface AgreedFile {
  sha256: string;
  /** As the home listed it: while both are the same there, so is the content. */
  bytes: number;
  modifiedAt: string;
}

export interface CopyState {
  readonly files: ReadonlyMap<string, AgreedFile>;
  /** Of a file here; a large one that has not changed is read once. @throws as reading it does */
  hashOf(path: string): Promise<string>;
  /** What both have from now on; undefined: neither has it. */
  set(path: string, agreed: AgreedFile | undefined, content?: Uint8Array): Promise<void>;
  /** The content that both had. Undefined: nothing is known of it. */
  base(path: string): Promise<Buffer | undefined>;
  /** Writes what was set, and drops contents that no file names. */
  save(): Promise<void>;
}

const mode = 0o600;

export function sha256Of(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

export async function openCopyState(homeDir: string): Promise<CopyState> {
  const directory = join(homeDir, ".roost", "copy");
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const list = join(directory, "files.json");
  const hashList = join(directory, "hashes.json");
  const files = new Map(Object.entries(await readList<AgreedFile>(list)));
  const hashes = new Map(Object.entries(await readList<KnownHash>(hashList).catch(() => ({}))));
  let isChanged = false;
  return {
    files,
    async hashOf(path) {
      const absolute = join(homeDir, path);
      const stamp = await stampOf(absolute);
      const known = hashes.get(path);
      if (known?.stamp === stamp) return known.sha256;
      const sha256 = await sha256OfFile(absolute);
      if ((await stampOf(absolute)) !== stamp)
        throw new RoostError("conflict", `${path} changes while it is read: the next pass looks again`);
      hashes.set(path, { stamp, sha256 });
      isChanged = true;
      return sha256;
    },
    async set(path, agreed, content) {
      if (content !== undefined) await writeFileDurably(join(directory, sha256Of(content)), content, { mode });
      if (agreed === undefined) files.delete(path);
      else files.set(path, agreed);
      isChanged = true;
    },
    async base(path) {
      const known = files.get(path);
      if (known === undefined) return undefined;
      const content = await readFile(join(directory, known.sha256)).catch(() => undefined);
      return content !== undefined && sha256Of(content) === known.sha256 ? content : undefined;
    },
    async save() {
      if (!isChanged) return;
      await writeFileDurably(list, JSON.stringify(Object.fromEntries(files)), { mode });
      await writeFileDurably(hashList, JSON.stringify(Object.fromEntries(hashes)), { mode });
      isChanged = false;
      const named = new Set([...files.values()].map(({ sha256 }) => sha256));
      for (const name of await readdir(directory))
        if (/^[0-9a-f]{64}$/.test(name) && !named.has(name)) await rm(join(directory, name), { force: true });
    },
  };
}

interface KnownHash {
  stamp: string;
  sha256: string;
}

async function stampOf(absolute: string): Promise<string> {
  const { ino, size, ctimeNs } = await stat(absolute, { bigint: true });
  return `${ino}:${size}:${ctimeNs}`;
}

async function readList<Entry>(path: string): Promise<Record<string, Entry>> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "{}";
    throw error;
  });
  try {
    return JSON.parse(text) as Record<string, Entry>;
  } catch (cause) {
    throw new RoostError(
      "internal",
      `${path} cannot be read: delete it, then every file that differs is kept in both versions`,
      { cause },
    );
  }
}
