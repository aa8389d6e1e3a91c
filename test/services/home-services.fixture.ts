/** What the tests of services in a home have in common. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

const cli = new URL("../../apps/cli/src/main.ts", import.meta.url).pathname;
const execute = promisify(execFile);

/** Runs a command of `roost` on a home. */
export async function runCommand(homeDir: string, ...args: string[]): Promise<{ code: number; printed: string }> {
  const env = { PATH: process.env["PATH"], HOME: homeDir, ROOST_HOME: homeDir, COLUMNS: "500" };
  const ended = await execute(process.execPath, [cli, ...args], { env }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );
  return { code: ended.code, printed: `${ended.stdout}${ended.stderr}` };
}

/** The first that is there; what fails is not there yet. */
export async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await look().catch(() => undefined);
    if (found !== undefined) return found;
  }
}

/** Paths below services/ and texts of the files that docs/services.md shows. */
export async function readExample(): Promise<Map<string, string>> {
  const page = await readFile(new URL("../../docs/services.md", import.meta.url), "utf8");
  const files = page.matchAll(/^`services\/(shelf\/[^`]+)`\n\n```\w+\n([\s\S]*?)```$/gm);
  return new Map([...files].map(([, path, text]) => [path!, text!]));
}
