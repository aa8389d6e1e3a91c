/**
 * The server's log file and its limit. The server keeps the file open in append mode and outlives this process, so rotation copies the file and
 * truncates it in place.
 */
import { copyFile, open, stat, truncate, type FileHandle } from "node:fs/promises";
import { join } from "node:path";

const logBytesMax = 5 * 1024 * 1024;
const tailBytesMax = 4_000;

export function serverLogPath(directory: string): string {
  return join(directory, "postgres.log");
}

export function openServerLog(directory: string): Promise<FileHandle> {
  return open(serverLogPath(directory), "a", 0o600);
}

/** Two files of at most `logBytesMax`, plus what is written between two calls. */
export async function rotateServerLog(directory: string): Promise<void> {
  const path = serverLogPath(directory);
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (size <= logBytesMax) return;
  await copyFile(path, `${path}.1`);
  await truncate(path);
}

/** Returns the log since `offset`, only its end when it is long. */
export async function readServerLogTail(directory: string, offset: number): Promise<string> {
  const file = await open(serverLogPath(directory), "r");
  try {
    const { size } = await file.stat();
    const start = Math.max(Math.min(offset, size), size - tailBytesMax);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
    return buffer.subarray(0, bytesRead).toString().trim();
  } finally {
    await file.close();
  }
}
