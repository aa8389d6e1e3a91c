/** Hands a file over to the gateway, for a message that names it. */
import { readFile, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { RoostError } from "@roost/base";
import { nameCharsMax } from "@roost/contract/operations";
import { formatBytes, partLimits, type Part } from "@roost/contract/part";
import { unreadable } from "../unreadable.ts";
import type { RoostClient } from "../connect.ts";

/** @throws RoostError `not_found`, `invalid_input` for what is no file, `limit_exceeded` */
export async function uploadFile(client: RoostClient, path: string): Promise<Part & { sha256: string; name: string }> {
  // In a chat no shell does this.
  const file = path.startsWith("~/") ? join(homedir(), path.slice(2)) : path;
  const facts = await stat(file).catch((cause: NodeJS.ErrnoException) => {
    throw unreadable(path, cause);
  });
  if (!facts.isFile()) throw new RoostError("invalid_input", `${path} is not a file`);
  if (facts.size > partLimits.bytesMax)
    throw new RoostError(
      "limit_exceeded",
      `${path} has ${formatBytes(facts.size)}, at most ${formatBytes(partLimits.bytesMax)} can be handed over: make it smaller`,
    );
  const name = basename(file).slice(-nameCharsMax);
  const content = { mediaType: "application/octet-stream", bytes: await readFile(file) };
  const { part } = await client.uploadPart({ name, content });
  return { ...part, sha256: part.sha256 ?? "", name };
}
