/** Puts the peers into bench/peers/node_modules, once per lockfile. They are no part of Roost and are not installed with it. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { installLocked, runInstaller } from "../run-installer.ts";
import { peersDirectory } from "./peer-variants.ts";

const installing = { cwd: peersDirectory, timeoutMs: 300_000 };

/** @throws Error that says what to do when the packages cannot be had */
export async function installPeers(onProgress: (text: string) => void): Promise<void> {
  await installPackages(onProgress);
  await installAbsurdSql(onProgress);
}

async function installPackages(onProgress: (text: string) => void): Promise<void> {
  const stamp = join(peersDirectory, "node_modules", ".installed");
  const lockfile = readFileSync(join(peersDirectory, "package-lock.json"));
  const wanted = createHash("sha256").update(lockfile).digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  onProgress("installing the peers into bench/peers (276 MB, once)");
  try {
    await installLocked(installing);
  } catch (error) {
    throw new Error(
      `the peers could not be installed into ${peersDirectory}: ${lastLine(error)}; go online and run this again, or measure Roost alone with --only roost,raw`,
      { cause: error },
    );
  }
  writeFileSync(stamp, wanted);
}

/** absurd's SQL is not in its npm package but in its command line tool, on PyPI. Without it absurd alone is not measured. */
async function installAbsurdSql(onProgress: (text: string) => void): Promise<void> {
  const target = join(peersDirectory, "node_modules", ".absurdctl");
  if (existsSync(target)) return;
  const args = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-cache-dir", "--no-deps"];
  try {
    await runInstaller("python3", [...args, "--require-hashes", "--target", target, "-r", "absurdctl.txt"], installing);
  } catch (error) {
    onProgress(`absurd's SQL could not be fetched: ${lastLine(error)}`);
  }
}

function lastLine(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message: string };
  const lines = (stderr ?? "").split("\n").filter((line) => /error/i.test(line) && !/complete log/.test(line));
  return (lines[0] ?? message.split("\n")[0] ?? "").trim().slice(0, 300);
}
