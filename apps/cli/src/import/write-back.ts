/** `--adopt`: what changed here and not there is written back, over exactly what was read from there. */
import { readFile, stat } from "node:fs/promises";
import { writeFileDurably } from "@roost/base";
import type { HomeRecordGiven, ImportOutcome } from "@roost/contract/operations";
import type { RoostClient } from "../connect.ts";

export interface WriteBack {
  record: HomeRecordGiven;
  outcome: ImportOutcome;
  /** The file there. */
  origin: string;
}

/** Why it was not written; undefined: it was. */
export async function writeBack(
  client: RoostClient,
  { record, outcome, origin }: WriteBack,
): Promise<string | undefined> {
  if (record.kind === "file" && record.brought !== undefined) return "it is too large: copy it by hand";
  if (record.kind !== "file" || outcome.path === null || record.text === undefined) return "it is no text";
  const { bytes } = await client.getFile({ path: outcome.path });
  const now = await readFile(origin);
  if (!now.equals(Buffer.from(record.text))) return "it changed there meanwhile: import again";
  const { mode } = await stat(origin);
  await writeFileDurably(origin, new TextDecoder().decode(bytes), { mode: mode & 0o777 });
  return undefined;
}
