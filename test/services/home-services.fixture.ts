/** What the tests of services in a home have in common. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { until } from "@roost/base/testing/until";

const cli = new URL("../../apps/cli/src/main.ts", import.meta.url).pathname;
const execute = promisify(execFile);

/** Runs a command of `roost` on a home. */
export async function runCommand(homeDir: string, ...args: string[]): Promise<{ code: number; printed: string }> {
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  const env = { PATH, NODE_COMPILE_CACHE, HOME: homeDir, ROOST_HOME: homeDir, COLUMNS: "500" };
  const ended = await execute(process.execPath, [cli, ...args], { env }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );
  return { code: ended.code, printed: `${ended.stdout}${ended.stderr}` };
}

/** The first that is there; what fails is not there yet. */
export function untilThere<T>(look: () => Promise<T | undefined>): Promise<T> {
  return until(() => look().catch(() => undefined));
}

/** The processes that a supervisor of this home keeps. */
export async function readProcesses(homeDir: string): Promise<{ name: string; identity: string }[]> {
  const owner = JSON.parse(await readFile(join(homeDir, ".roost/owner.json"), "utf8")) as {
    children: { name: string; identity: string }[];
  };
  return owner.children;
}

export async function pidOf(program: string, homeDir: string): Promise<number> {
  return Number.parseInt((await readProcesses(homeDir)).find(({ name }) => name === program)!.identity, 10);
}

/** Paths below services/ and texts of the files that docs/services.md shows. */
export async function readExample(): Promise<Map<string, string>> {
  const page = await readFile(new URL("../../docs/services.md", import.meta.url), "utf8");
  const files = page.matchAll(/^`services\/(shelf\/[^`]+)`\n\n```\w+\n([\s\S]*?)```$/gm);
  return new Map([...files].map(([, path, text]) => [path!, text!]));
}
