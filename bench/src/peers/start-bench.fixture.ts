import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../main.ts", import.meta.url));

/** Runs `bench peers` with these arguments to its end. */
export async function startBench(
  ...args: string[]
): Promise<{ code: number | null; output: string; complaint: string }> {
  const child = spawn(process.execPath, [program, "peers", ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const [output, complaint, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, output, complaint };
}
