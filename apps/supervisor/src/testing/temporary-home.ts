import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { homePaths, type HomePaths } from "../home/home-paths.ts";

/** A temporary directory for one test. */
export async function createTemporaryHome(): Promise<HomePaths & AsyncDisposable> {
  const home = await mkdtemp(join(tmpdir(), "roost-home-"));
  return {
    ...homePaths(home),
    [Symbol.asyncDispose]: () => rm(home, { recursive: true, force: true, maxRetries: 5 }),
  };
}
