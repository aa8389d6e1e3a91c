/** Installs what is measured beside Roost, and is no part of it. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { readInstallEnvironment } from "./config.ts";

const run = promisify(execFile);
const outputBytesMax = 16_000_000;

export interface InstallerRunOptions {
  cwd: string;
  timeoutMs: number;
}

/** npm, pip or python3. @throws Error with its `stderr` */
export async function runInstaller(
  program: string,
  args: readonly string[],
  { cwd, timeoutMs }: InstallerRunOptions,
): Promise<void> {
  await run(program, args, {
    cwd,
    env: readInstallEnvironment(),
    timeout: timeoutMs,
    maxBuffer: outputBytesMax,
    shell: process.platform === "win32",
  });
}

/** What the lockfile of the directory names, without install scripts, by the npm of this Node. */
export async function installLocked(options: InstallerRunOptions): Promise<void> {
  const npm = join(dirname(process.execPath), process.platform === "win32" ? "npm.cmd" : "npm");
  const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
  await runInstaller(existsSync(npm) ? npm : "npm", args, options);
}
