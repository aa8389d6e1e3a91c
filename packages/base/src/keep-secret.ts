import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeFileDurably } from "./write-file-durably.ts";

const reference = /^file:(\.roost\/[a-z0-9._-]+-(?:key|token))$/;

/** Keeps a secret in a file of the home that its owner alone can read. Returns the reference that stands in the settings. */
export async function keepSecret(homeDir: string, name: `${string}-${"key" | "token"}`, text: string): Promise<string> {
  await mkdir(join(homeDir, ".roost"), { recursive: true, mode: 0o700 });
  await writeFileDurably(join(homeDir, ".roost", name), `${text}\n`, { mode: 0o600 });
  return `file:.roost/${name}`;
}

/** Removes what keepSecret kept; a secret of any other place stays. */
export async function dropSecret(homeDir: string, given: string): Promise<void> {
  const path = reference.exec(given)?.[1];
  if (path !== undefined) await rm(join(homeDir, path), { force: true });
}
