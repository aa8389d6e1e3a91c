import { stat } from "node:fs/promises";

/** Changes whenever the file does. */
export async function stampOfFile(path: string): Promise<string> {
  const facts = await stat(path, { bigint: true }).catch(() => undefined);
  return facts === undefined ? "none" : `${facts.ino}:${facts.mtimeNs}:${facts.ctimeNs}:${facts.size}`;
}
