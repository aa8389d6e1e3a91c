import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

const Owner = z.object({ pid: z.number().int(), state: z.string().default("running") });

/** The process that runs the home, as the supervisor records it; undefined: none does. It may have been killed. */
export async function readHomeOwner(homeDir: string): Promise<z.output<typeof Owner> | undefined> {
  return Owner.safeParse(await readJson(join(homeDir, ".roost", "owner.json"))).data;
}

/** Undefined for a file that is missing or unreadable. */
export async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch {
    return undefined;
  }
}
