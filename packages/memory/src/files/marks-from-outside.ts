import type { ResolvedPath } from "../disk/home-path.ts";
import { readDiskFile } from "../disk/read-disk-file.ts";
import { labelsOfLost } from "../history/lost-history.ts";
import type { Memory } from "../memory.ts";
import { lockPath, marksOfVersion, readRecord } from "../records/file-records.ts";
import type { LineMarks } from "../records/line-marks.ts";
import { recordFound, settleIntents } from "../records/write-intents.ts";

/** Of what another host's person brings over what stands here, which a failover may have taken from the log. */
export async function marksFromOutside(
  memory: Memory,
  { path, absolute }: ResolvedPath,
  { bytes, sha256 }: { bytes: Buffer; sha256: string },
): Promise<LineMarks> {
  const { kernel, lostHistory, mirror } = memory;
  const outside = await labelsOfLost(memory, kernel.database, { path, sha256 });
  if (mirror === undefined && (await lostHistory.isPossible(kernel.database))) {
    await settleIntents(memory, path);
    await kernel.transact(async (tx) => {
      await lockPath(tx, path);
      await recordFound(memory, tx, { path, disk: await readDiskFile(absolute), record: await readRecord(tx, path) });
    });
  }
  return await marksOfVersion(memory, kernel.database, { path, bytes, outside });
}
