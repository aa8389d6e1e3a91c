/** The definitions of a home, jobs/ and agents/, are applied when they change, also while Roost runs; one that cannot be is said in a notice. */
import { createHash } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { clipText, reasonCharsMax } from "@roost/contract/operations";
import { raiseNotice, rememberResult, type Kernel } from "@roost/kernel";

/** Several gateways of a home see the same change at about the same time. */
const sameChangeMs = 60_000;
/** What a start has told on a terminal, which one at login has not, becomes a notice too: not at each of its restarts. */
const sameStartMs = 24 * 3_600_000;

export interface FilesKeeper {
  /** Looks once: nothing is read when no file has changed since. */
  look(): Promise<void>;
  /** Looks soon. `isAnew`: also when no file has changed. */
  hint(options: { isAnew: boolean }): void;
}

export interface FilesKeeperOptions {
  homeDir: string;
  /** Applies all of them, and says what could not be applied. */
  apply: () => Promise<string[]>;
  /** What the start has told already. */
  said?: readonly string[];
}

export function createFilesKeeper(kernel: Kernel, { homeDir, apply, said = [] }: FilesKeeperOptions): FilesKeeper {
  let seen: string | undefined;
  let told = new Set<string>();
  let going: Promise<void> = Promise.resolve();
  const lookNow = async () => {
    const mark = await markOf(homeDir);
    if (mark === seen) return;
    const notices = await apply();
    // What could not be applied may name what comes later: an agent or an event of a service that is being started.
    seen = notices.length === 0 ? mark : undefined;
    for (const text of notices.filter((each) => !told.has(each)))
      await tell(kernel, text, said.includes(text) ? sameStartMs : sameChangeMs);
    told = new Set(notices);
  };
  const look = () => (going = going.catch(() => undefined).then(lookNow));
  const hint = ({ isAnew }: { isAnew: boolean }) => {
    if (isAnew) seen = undefined;
    void look().catch((error: unknown) =>
      kernel.logger.warn("changed files of the home could not be applied", { error }),
    );
  };
  return { look, hint };
}

async function tell(kernel: Kernel, text: string, keepMs: number): Promise<void> {
  const key = createHash("sha256").update(text).digest("hex");
  await kernel.transact((tx) =>
    rememberResult(tx, { scope: "home.files", key, keepMs }, async () => {
      raiseNotice(tx, { level: "warning", text: clipText(text, reasonCharsMax), source: "home" });
      return null;
    }),
  );
}

/** Names, sizes and times of the files: another mark means that something may have changed. */
async function markOf(homeDir: string): Promise<string> {
  const folders = ["agents", "jobs"].map(async (folder) => {
    const names = (await readdir(join(homeDir, folder)).catch(() => [])).toSorted();
    return names.map((name) => join(folder, name));
  });
  const parts = (await Promise.all(folders)).flat().map(async (path) => {
    const found = await stat(join(homeDir, path)).catch(() => undefined);
    return `${path} ${found?.size} ${found?.mtimeMs}`;
  });
  return (await Promise.all(parts)).join("\n");
}
