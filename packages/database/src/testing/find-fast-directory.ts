import { statfs } from "node:fs/promises";
import { tmpdir } from "node:os";

const memoryDirectory = "/dev/shm";
const memoryBytesMin = 2 * 1024 ** 3;

/** Directory of test clusters. Cloning a template writes some 300 files: 12 ms in memory, up to 300 ms on a disk. */
export async function findFastDirectory(): Promise<string> {
  const found = await statfs(memoryDirectory).catch(() => undefined);
  return found !== undefined && found.bavail * found.bsize >= memoryBytesMin ? memoryDirectory : tmpdir();
}
