/** A disk of some megabytes that can be filled until nothing more fits. Needs Linux and root, and says so where it cannot be. */
import { execFile, spawnSync } from "node:child_process";
import { appendFile, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { openServers } from "./servers.ts";

const run = promisify(execFile);
/** In a mount namespace of its own, so that nothing of it is left. */
const tryMount = ["--mount", "--propagation", "private", "mount", "-t", "tmpfs", "tmpfs", "/mnt"];

export const smallDiskSkip: string | false =
  process.platform === "linux" && spawnSync("unshare", tryMount).status === 0
    ? false
    : "a small disk needs Linux, unshare and root";

export interface SmallDisk extends AsyncDisposable {
  readonly directory: string;
  /** Until not one more byte fits. */
  fill(): Promise<void>;
  free(): Promise<void>;
}

/** @param megabytes what fits on it */
export async function openSmallDisk(megabytes: number): Promise<SmallDisk> {
  await using opened = new AsyncDisposableStack();
  const servers = opened.use(await openServers());
  const directory = join(servers.directory, "disk");
  await mkdir(directory);
  await run("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "roost-test", directory]);
  servers.guard(`umount --lazy ${directory}`);
  const ballast = join(directory, "ballast");
  const owned = opened.move();
  return {
    directory,
    async fill() {
      for (let bytes = 1024 ** 2; bytes >= 1;)
        await appendFile(ballast, Buffer.alloc(bytes)).catch((error: NodeJS.ErrnoException) => {
          if (error.code !== "ENOSPC") throw error;
          bytes = bytes === 1 ? 0 : Math.max(1, Math.floor(bytes / 16));
        });
    },
    free: () => rm(ballast),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
