/** Job files of the home are applied when they change, also while Roost runs; one that cannot be is said in a notice. */
import { createHash } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { clipText, reasonCharsMax } from "@roost/contract/operations";
import { raiseNotice, rememberResult, type Kernel } from "@roost/kernel";
import { applyHomeJobs, type ApplyHomeJobsOptions } from "./apply-home-jobs.ts";

/** Several gateways of a home see the same change at about the same time. */
const sameChangeMs = 60_000;

export interface JobFilesKeeper {
  /** Looks once: nothing is read when no file has changed since. */
  look(): Promise<void>;
  /** Looks soon. */
  hint(): void;
}

/** `said`: what the start has told already. */
export function createJobFilesKeeper(
  kernel: Kernel,
  options: ApplyHomeJobsOptions,
  said: readonly string[] = [],
): JobFilesKeeper {
  let seen: string | undefined;
  let told = new Set(said);
  let going: Promise<void> = Promise.resolve();
  const lookNow = async () => {
    const mark = await markOf(options.homeDir);
    if (mark === seen) return;
    const notices = await applyHomeJobs(kernel, options);
    seen = mark;
    for (const text of notices.filter((each) => !told.has(each))) await tell(kernel, text);
    told = new Set(notices);
  };
  const look = () => (going = going.catch(() => undefined).then(lookNow));
  const hint = () =>
    void look().catch((error: unknown) => kernel.logger.warn("changed job files could not be applied", { error }));
  return { look, hint };
}

async function tell(kernel: Kernel, text: string): Promise<void> {
  const key = createHash("sha256").update(text).digest("hex");
  await kernel.transact((tx) =>
    rememberResult(tx, { scope: "jobs.files", key, keepMs: sameChangeMs }, async () => {
      raiseNotice(tx, { level: "warning", text: clipText(text, reasonCharsMax), source: "home" });
      return null;
    }),
  );
}

/** Names, sizes and times of the files: another mark means that something may have changed. */
async function markOf(homeDir: string): Promise<string> {
  const directory = join(homeDir, "jobs");
  const names = (await readdir(directory).catch(() => [])).toSorted();
  const parts = names.map(async (name) => {
    const found = await stat(join(directory, name)).catch(() => undefined);
    return `${name} ${found?.size} ${found?.mtimeMs}`;
  });
  return (await Promise.all(parts)).join("\n");
}
