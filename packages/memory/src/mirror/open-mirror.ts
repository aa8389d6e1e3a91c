/**
 * The home's files where its disk is on another machine: a folder of this process, brought to what is recorded before each read. Contents come from
 * the versions. What is not recorded (files too large to keep, hidden ones) is not in it. Writes go to the records: files/write-recorded.ts.
 */
import { mkdir, readdir, realpath, rename, rm, rmdir, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { processExists, RoostError, severalAtOnce, type Logger } from "@roost/base";
import { readEnd } from "@roost/kernel";
import { parseHomePath } from "../disk/home-path.ts";
import type { HomeFiles, HomeMirror } from "../memory.ts";
import { requireStatePath } from "../state/state-row.ts";

interface RecordedContent {
  path: string;
  sha256: string;
  modifiedAt: Date;
  /** Of a state: its text is in its row. */
  text?: string;
}

const fetchedAtOnce = 8;
const clashCodes: ReadonlySet<string> = new Set(["EEXIST", "ENOTDIR", "EISDIR", "ENOTEMPTY"]);
const yes = () => true;
const no = () => false;
/** Where new contents are written before they take their place; hidden, so no path of the home. */
const incoming = ".incoming";

/** A folder for this process alone, where those of processes that are gone are removed. */
export async function claimMirrorDir(machineDir: string): Promise<string> {
  const all = join(machineDir, ".roost", "mirrors");
  const own = join(all, String(process.pid));
  for (const name of await readdir(all).catch(() => []))
    if (!processExists(Number(name))) await rm(join(all, name), { recursive: true, force: true });
  await mkdir(own, { recursive: true, mode: 0o700 });
  return realpath(own);
}

/** The folder is emptied first: it belongs to this process alone. */
export async function openMirror(
  home: Pick<HomeFiles, "kernel" | "homeDir" | "versions" | "logger">,
): Promise<HomeMirror> {
  const { kernel, homeDir, versions, logger } = home;
  await rm(homeDir, { recursive: true, force: true });
  await mkdir(join(homeDir, incoming), { recursive: true, mode: 0o700 });
  const here = new Map<string, string>();
  const clashes = createClashes(logger);
  let seen: string | undefined;
  let refreshing: Promise<void> | undefined;
  let isAgain = false;

  async function bring(): Promise<void> {
    // Before the records: what is recorded meanwhile is seen by the next look.
    const end = JSON.stringify(await readEnd(kernel.database, ["home"]));
    if (end === seen) return;
    const wanted = new Map((await readContents(home)).map((content) => [content.path, content]));
    for (const path of [...here.keys()].filter((one) => !wanted.has(one))) {
      await rm(join(homeDir, path), { force: true });
      await removeEmptyFolders(dirname(path));
      here.delete(path);
      clashes.leave(path);
    }
    clashes.keep((path) => wanted.has(path));
    const changed = [...wanted.values()].filter((one) => here.get(one.path) !== one.sha256 && !clashes.has(one));
    await severalAtOnce(changed, fetchedAtOnce, async (content) => {
      if (!(await put(content))) return clashes.add(content);
      here.set(content.path, content.sha256);
      clashes.forget(content.path);
    });
    seen = end;
  }

  /** An empty one would stand in the way of a file of its name. */
  async function removeEmptyFolders(folder: string): Promise<void> {
    if (folder === "." || !(await rmdir(join(homeDir, folder)).then(yes, no))) return;
    await removeEmptyFolders(dirname(folder));
  }

  /** False: a folder is in its place, or a file in that of its folder. Two hosts wrote both at one moment; the home's scan reports it. */
  async function put({ path, sha256, text, modifiedAt }: RecordedContent): Promise<boolean> {
    const bytes = text ?? (await versions.get(sha256));
    if (bytes === undefined)
      throw new RoostError(
        "unavailable",
        `the recorded version of ${path} is not in the object store that this host reaches: see that OBJECTS_URL is that of the home`,
      );
    const absolute = join(homeDir, path);
    const fresh = join(homeDir, incoming, sha256 + kernel.createId());
    await writeFile(fresh, bytes, { mode: path.startsWith("hooks/") ? 0o700 : 0o600 });
    await utimes(fresh, modifiedAt, modifiedAt);
    try {
      await mkdir(dirname(absolute), { recursive: true, mode: 0o700 });
      await rename(fresh, absolute);
      return true;
    } catch (error) {
      await rm(fresh, { force: true });
      if (clashCodes.has(String((error as NodeJS.ErrnoException).code))) return false;
      throw error;
    }
  }

  return {
    async refresh() {
      // Of calls that come while one is under way, one more looks for all.
      if (refreshing !== undefined) isAgain = true;
      refreshing ??= (async () => {
        do {
          isAgain = false;
          await bring();
        } while (isAgain);
      })().finally(() => (refreshing = undefined));
      await refreshing;
    },
  };
}

/** Contents that have no place here: each is fetched and told of once, and again when it changes or what is in its way has gone. */
function createClashes(logger: Logger) {
  const known = new Map<string, string>();
  return {
    has: ({ path, sha256 }: RecordedContent) => known.get(path) === sha256,
    add({ path, sha256 }: RecordedContent) {
      if (!known.has(path))
        logger.warn("a recorded file is not shown here: a file and a folder have one path", { path });
      known.set(path, sha256);
    },
    forget: (path: string) => known.delete(path),
    /** What stood there has gone. */
    leave(path: string) {
      for (const other of known.keys()) if (isWithin(path, other) || isWithin(other, path)) known.delete(other);
    },
    keep(isWanted: (path: string) => boolean) {
      for (const path of known.keys()) if (!isWanted(path)) known.delete(path);
    },
  };
}

async function readContents({ kernel }: Pick<HomeFiles, "kernel">): Promise<RecordedContent[]> {
  const [files, states] = await Promise.all([
    kernel.database.query<RecordedContent>(
      `select path, sha256, modified_at as "modifiedAt" from memory.file where sha256 is not null`,
      [],
      { name: "memory_mirror_files" },
    ),
    kernel.database.query<RecordedContent & { text: string }>(
      `select name as path, sha256, text, updated_at as "modifiedAt" from memory.state where text is not null`,
      [],
      { name: "memory_mirror_states" },
    ),
  ]);
  const ofStates = states.map((state) => ({ ...state, path: requireStatePath(state.path) }));
  const paths = new Set(ofStates.map(({ path }) => path));
  // A path that could lead out of the folder is no path of a home, even if the row says so.
  return [...files.filter(({ path }) => !paths.has(path) && isHomePath(path)), ...ofStates];
}

/** On a disk that takes upper and lower case for one, too. */
function isWithin(path: string, folder: string): boolean {
  return path.toLowerCase().startsWith(`${folder.toLowerCase()}/`);
}

function isHomePath(path: string): boolean {
  try {
    return parseHomePath(path) === path;
  } catch {
    return false;
  }
}
