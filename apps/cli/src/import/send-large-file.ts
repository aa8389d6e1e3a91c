/** A file that is too large for a record: its bytes are brought in ranges, where they are wanted, and its record follows. */
import type { HomeRecordGiven, ImportOutcome } from "@roost/contract/operations";
import type { RoostClient } from "../connect.ts";
import { bringRanges } from "../bring-ranges.ts";
import { reasonOf } from "./reason-of.ts";

export interface LargeFile {
  record: HomeRecordGiven;
  /** That holds it. */
  file: string;
  isDryRun: boolean;
  /** The record alone. */
  send: (options: { isDryRun: boolean }) => Promise<ImportOutcome>;
}

/** Those for which the home takes its bytes. */
const taking: ReadonlySet<ImportOutcome["action"]> = new Set(["created", "changed", "beside"]);

export async function sendLargeFile(
  client: RoostClient,
  { record, file, isDryRun, send }: LargeFile,
): Promise<ImportOutcome> {
  // What is here already, or stays as it is here, is not brought.
  const would = await send({ isDryRun: true });
  if (isDryRun || record.kind !== "file" || record.brought === undefined) return would;
  if (taking.has(would.action)) {
    const { sha256, bytes } = record.brought;
    try {
      await bringRanges<true>(file, {
        name: record.ref,
        bytes,
        advice: "import again",
        async put(range, options) {
          const { next } = await client.putImportRange({ ...range, sha256, bytes }, options);
          return next >= bytes ? { done: true } : { next };
        },
      });
    } catch (error) {
      return { ...would, action: "refused", reason: reasonOf(error) };
    }
  }
  return await send({ isDryRun: false });
}
