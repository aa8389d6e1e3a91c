/** Large files of a home whose disk is on another machine: what their newest versions hold. */
import { RoostError } from "@roost/base";
import type { HashedFile } from "../disk/file-hashes.ts";
import type { Memory } from "../memory.ts";
import { readRecord } from "../records/file-records.ts";

/** As its newest version has it. @throws RoostError `not_found`, `unavailable` before it is one */
export async function readKeptFile(
  memory: Memory,
  path: string,
): Promise<Pick<HashedFile, "sha256" | "bytes" | "modifiedAt">> {
  const record = await readRecord(memory.kernel.database, path);
  if (record === undefined || record.sha256 !== null)
    throw new RoostError("not_found", `there is no ${path} in the home`);
  const { keptSha256, bytes, modifiedAt } = record;
  if (keptSha256 == null)
    throw new RoostError(
      "unavailable",
      `${path} has changed, and what it is now is not in the object store yet: later, or where the home's disk is`,
      { details: { needs: "home" } },
    );
  return { sha256: keptSha256, bytes, modifiedAt };
}

export async function readObjectRange(
  { versions }: Memory,
  sha256: string,
  range: { from: number; count: number },
): Promise<Uint8Array<ArrayBuffer>> {
  const pieces = await Array.fromAsync(versions.read(sha256, range));
  return Uint8Array.from(Buffer.concat(pieces));
}
