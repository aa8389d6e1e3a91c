/** Whether a disk takes what is large. The database is often on the same one, and stops when it is full. */
import { statfs } from "node:fs/promises";
import { RoostError } from "@roost/base";

const mebibyte = 1024 ** 2;
/** What stays free. */
export const reserveBytesDefault = 1024 * mebibyte;

/** @throws RoostError `limit_exceeded` when less than the reserve would be left */
export async function requireRoom(
  directory: string,
  { bytes, reserveBytes = reserveBytesDefault }: { bytes: number; reserveBytes?: number | undefined },
): Promise<void> {
  // Where it cannot be told, writing says it.
  const found = await statfs(directory).catch(() => undefined);
  if (found === undefined || found.bavail * found.bsize - bytes >= reserveBytes) return;
  const [size, reserve] = [bytes, reserveBytes].map((count) => Math.ceil(count / mebibyte));
  throw new RoostError(
    "limit_exceeded",
    `the disk is full: ${size} MiB would leave less than the ${reserve} MiB that stay free for the database`,
  );
}
