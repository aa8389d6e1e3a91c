/**
 * The directory of an export: written beside its place, named in the manifest with the hash of every file, and moved there when it is whole. What an
 * interrupted export left is replaced by the next one.
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { finished } from "node:stream/promises";
import { canonicalJson, processExists, RoostError, syncDirectory, writeFileDurably } from "@roost/base";
import { z } from "zod";
import { maskSecrets } from "../import/found/find-secret-line.ts";

export const exportFormat = "roost-export";

export const ExportManifest = z.object({
  format: z.literal(exportFormat),
  version: z.literal(1),
  home: z.string(),
  exportedAt: z.string(),
  files: z.array(z.object({ path: z.string(), sha256: z.string(), bytes: z.number() })),
});
export type ExportManifest = z.output<typeof ExportManifest>;

/** What an export wrote, as it goes. */
export interface ExportedHome {
  home: string;
  /** How many of each kind. */
  counts: Record<string, number>;
  leftOut: { name: string; reason: string }[];
}

export interface ExportFile {
  /** An object as one line, its keys in order: the same record is the same line. */
  line(record: unknown): Promise<void>;
  write(bytes: Uint8Array | string): Promise<void>;
  end(): Promise<void>;
  /** It is no part of the export. */
  drop(): Promise<void>;
}

export interface ExportFolder extends AsyncDisposable {
  file(path: string): Promise<ExportFile>;
  /** How many secrets were left out of what was written. */
  readonly secretCount: number;
  /** Puts it in its place. */
  finish(home: string, exportedAt: string): Promise<ExportManifest>;
}

/** @throws RoostError `conflict` when something else stands there, or another process exports to it */
export async function openExportFolder(directory: string): Promise<ExportFolder> {
  await bringBack(directory);
  await refuseOther(directory);
  const staged = besides(directory, "new");
  await refuseOtherProcess(staged, directory);
  await rm(staged, { recursive: true, force: true });
  await mkdir(staged, { recursive: true, mode: 0o700 }).catch(refuse(directory));
  await writeFile(join(staged, holderFile), String(process.pid), { mode: 0o600 }).catch(refuse(directory));
  const files: ExportManifest["files"] = [];
  let secretCount = 0;
  return {
    get secretCount() {
      return secretCount;
    },
    async file(path) {
      await mkdir(dirname(join(staged, path)), { recursive: true, mode: 0o700 }).catch(refuse(path));
      const stream = createWriteStream(join(staged, path), { mode: 0o600, flush: true });
      // The next write, or the end, throws it.
      stream.on("error", () => undefined);
      const hash = createHash("sha256");
      let bytes = 0;
      const write = async (part: Uint8Array | string) => {
        hash.update(part);
        bytes += Buffer.byteLength(part);
        if (stream.errored !== null) throw cannotWrite(path, stream.errored);
        if (!stream.write(part)) await once(stream, "drain").catch(refuse(path));
      };
      return {
        write,
        async line(record) {
          const { text, count } = maskSecrets(canonicalJson(record));
          secretCount += count;
          await write(`${text}\n`);
        },
        async end() {
          stream.end();
          await finished(stream).catch(refuse(path));
          files.push({ path, sha256: hash.digest("hex"), bytes });
        },
        async drop() {
          stream.destroy();
          await finished(stream).catch(() => undefined);
          await rm(join(staged, path), { force: true });
        },
      };
    },
    async finish(home, exportedAt) {
      files.sort((left, right) => (left.path < right.path ? -1 : 1));
      const manifest: ExportManifest = { format: exportFormat, version: 1, home, exportedAt, files };
      await writeFileDurably(join(staged, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`, {
        mode: 0o600,
      }).catch(refuse("manifest.json"));
      await rm(join(staged, holderFile), { force: true });
      const old = besides(directory, "old");
      await rm(old, { recursive: true, force: true });
      if ((await stat(directory).catch(() => undefined)) !== undefined) await rename(directory, old);
      await rename(staged, directory);
      await syncDirectory(dirname(directory));
      await rm(old, { recursive: true, force: true });
      return manifest;
    },
    async [Symbol.asyncDispose]() {
      await rm(staged, { recursive: true, force: true });
    },
  };
}

function refuse(path: string): (error: Error) => never {
  return (error) => {
    throw cannotWrite(path, error);
  };
}

function cannotWrite(path: string, { code }: NodeJS.ErrnoException): RoostError {
  const next = code === "ENOSPC" ? "make room, then export again" : "export again, or to another directory";
  return new RoostError("unavailable", `${path} cannot be written (${code}): ${next}`);
}

/** A name that people do not use: such a directory is this program's, and may be removed. */
function besides(directory: string, what: "new" | "old"): string {
  return join(dirname(directory), `.${basename(directory)}.${exportFormat}.${what}`);
}

/** Of a process that ended between the two names of `finish`: the export that was there before. */
async function bringBack(directory: string): Promise<void> {
  if ((await stat(directory).catch(() => undefined)) !== undefined) return;
  await rename(besides(directory, "old"), directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw cannotWrite(directory, error);
  });
}

/** In the folder while it is written: of two processes that write one export neither would be whole. */
const holderFile = "exporting.pid";

async function refuseOtherProcess(staged: string, directory: string): Promise<void> {
  const pid = Number(await readFile(join(staged, holderFile), "utf8").catch(() => ""));
  if (!(pid > 0) || pid === process.pid || !processExists(pid)) return;
  throw new RoostError(
    "conflict",
    `process ${pid} exports to ${directory} already: wait for it, or delete ${staged} if it is another program`,
  );
}

async function refuseOther(directory: string): Promise<void> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw new RoostError("invalid_input", `${directory} cannot be written (${error.code}): name a directory`);
  });
  if (names.length === 0 || (await readManifest(directory)) !== undefined) return;
  throw new RoostError("conflict", `${directory} holds something else: name a new directory, or an export to replace`);
}

/** Undefined when it is no export. */
export async function readManifest(directory: string): Promise<ExportManifest | undefined> {
  try {
    return ExportManifest.parse(JSON.parse(await readFile(join(directory, "manifest.json"), "utf8")));
  } catch {
    return undefined;
  }
}
