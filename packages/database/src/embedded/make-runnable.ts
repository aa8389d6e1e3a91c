/** Completes a directory of PostgreSQL binaries and checks that they run as the server's user. */
import { lstat, readFile, symlink } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { runServerProgram } from "./run-server-program.ts";
import type { ServerUser } from "./server-user.ts";

const programNames = ["postgres", "initdb"];
const packagePrefix = "native/";

/** Undefined when the programs run, else why they do not. */
export async function makeRunnable(directory: string, user: ServerUser | undefined): Promise<string | undefined> {
  try {
    await linkLibraries(directory);
    for (const name of programNames) {
      const path = join(directory, "bin", name);
      const { exitCode, output } = await runServerProgram({
        path,
        arguments: () => ["--version"],
        directories: [],
        user,
      }).catch(async (error: unknown) => {
        throw await explain(error, path);
      });
      if (exitCode !== 0) return output;
    }
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The package's install script makes these links; they are missing after --ignore-scripts. */
async function linkLibraries(directory: string): Promise<void> {
  const text = await readFile(join(directory, "pg-symlinks.json"), "utf8").catch(() => "[]");
  for (const { source, target } of JSON.parse(text) as { source: string; target: string }[]) {
    const link = join(directory, target.slice(packagePrefix.length));
    if (await exists(link)) continue;
    await symlink(relative(dirname(target), source), link).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
  }
}

async function explain(error: unknown, path: string): Promise<unknown> {
  const { code } = error as NodeJS.ErrnoException;
  // In some containers root cannot switch users.
  if (code === "EPERM") return new Error("root may not start programs as another user here, run Roost as that user");
  // A missing loader fails exactly like a missing program.
  if (code !== "ENOENT" || !(await exists(path))) return error;
  return new Error("it needs glibc, and this system has another C library, such as musl");
}

function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
