import { statfs } from "node:fs/promises";
import type { Alarm } from "./read-alarms.ts";

const mebibyte = 1024 ** 2;
/** PostgreSQL needs room for its log to go on. */
const freeBytesMin = 200 * mebibyte;

/** Whether the home's disk is nearly full. `freeBytesOf`: undefined where it cannot be told. */
export async function readDiskAlarms(
  homeDir: string,
  freeBytesOf: (directory: string) => Promise<number | undefined> = freeBytes,
): Promise<Alarm[]> {
  const free = await freeBytesOf(homeDir);
  if (free === undefined || free >= freeBytesMin) return [];
  const left = `${Math.floor(free / mebibyte)} MiB`;
  return [
    {
      code: "disk_full",
      text: `The disk of the home has ${left} left: free some space, nothing can be recorded on a full disk`,
      since: null,
    },
  ];
}

async function freeBytes(directory: string): Promise<number | undefined> {
  const found = await statfs(directory).catch(() => undefined);
  return found && found.bavail * found.bsize;
}
