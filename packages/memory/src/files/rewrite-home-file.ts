import { RoostError } from "@roost/base";
import type { Memory } from "../memory.ts";
import { findHomeFile } from "./read-home-file.ts";
import { writeHomeFile } from "./write-home-file.ts";

/**
 * Writes a text file of the home over what stands there, for a person; a file that is missing is an empty one.
 * @throws RoostError `conflict` when it changed meanwhile, and what `rewrite` throws
 */
export async function rewriteHomeFile(
  memory: Memory,
  { path, by, rewrite }: { path: string; by: string; rewrite: (text: string) => string },
): Promise<void> {
  const as = { kind: "main", isPerson: true } as const;
  const before = await findHomeFile(memory, path, { as });
  const text = rewrite(before?.text ?? "");
  if (text === before?.text) return;
  const { state } = await writeHomeFile(memory, { path, text, expected: before?.sha256 ?? "absent", as, by });
  if (state === "conflict") throw new RoostError("conflict", `${path} was changed at the same moment: try again`);
}
