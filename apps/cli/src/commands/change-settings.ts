/** Changes roost.yaml of the home; comments stay. On the host of the home. */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { RoostError, writeFileDurably } from "@roost/base";
import { parseDocument, type Document } from "yaml";
import type { CliContext } from "../cli-context.ts";

/** `change` returns whether it changed anything. */
export async function changeSettings(
  { config }: Pick<CliContext, "config">,
  change: (document: Document, path: string) => boolean,
): Promise<{ path: string; isChanged: boolean }> {
  const path = join(config.homeDir, "roost.yaml");
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw new RoostError("unavailable", `${path} cannot be read: ${error.code}`, { cause: error });
  });
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error !== undefined) throw new RoostError("invalid_input", `${path}: ${error.message}`);
  const isChanged = change(document, path);
  const mode = ((await stat(path).catch(() => undefined))?.mode ?? 0o600) & 0o777;
  if (isChanged) await writeFileDurably(path, document.toString({ lineWidth: 0 }), { mode });
  return { path, isChanged };
}
