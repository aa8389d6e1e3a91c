import { execFileSync } from "node:child_process";
import { globSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { createRepository, type Repository } from "./repository.ts";

const bytesMax = 1024 * 1024;
const readPattern = /\.(?:ts|tsx|mts|mjs|js|css|html|json|md|sql|yaml|yml|txt)$|(?:^|\/)(?:\.[\w-]+|run|LICENSE)$/;
const left = new Set(["node_modules", ".git", ".install"]);

/** Every text file that belongs to the project. */
export function readRepository(root: string): Repository {
  const contents: Record<string, string> = {};
  for (const path of listFiles(root)) {
    if (!readPattern.test(path)) continue;
    const found = statSync(join(root, path), { throwIfNoEntry: false });
    if (found?.isFile() && found.size <= bytesMax) contents[path] = readFileSync(join(root, path), "utf8");
  }
  return createRepository(contents);
}

function listFiles(root: string): string[] {
  try {
    const listed = execFileSync("git", ["ls-files", "-z"], {
      cwd: root,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    return listed.split("\0").filter((path) => path !== "");
  } catch {
    // No git here, or a clone of another user: everything that is not installed is the project.
    return globSync("**/*", { cwd: root, exclude: (name) => left.has(name) });
  }
}
