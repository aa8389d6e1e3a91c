/** Fills the small disk that PostgreSQL lies on, writes until PostgreSQL feels it, holds it full for a while, and frees it. */
import { open, rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import { delay, toRoostError } from "@roost/base";
import type { Database } from "@roost/database";

const leftBytes = 2_000_000;
const blockBytes = 1_000_000;
/** So many rows of 64 KB that do not compress fill what is left, and a segment of the write-ahead log. */
const floodRowsMax = 600;

export async function fillDisk(database: Database, directory: string, holdMs: number): Promise<string> {
  const ballast = join(directory, "ballast");
  let felt = "was not felt";
  try {
    await writeBallast(ballast, directory);
    felt = await flood(database);
    await delay(holdMs);
  } finally {
    await rm(ballast, { force: true });
  }
  return `disk full for ${holdMs} ms: ${felt}`;
}

async function writeBallast(path: string, directory: string): Promise<void> {
  const file = await open(path, "w");
  try {
    const block = Buffer.alloc(blockBytes);
    const isRoom = async () => {
      const { bavail, bsize } = await statfs(directory);
      return bavail * bsize > leftBytes + blockBytes;
    };
    while (await isRoom()) await file.write(block);
  } finally {
    await file.close();
  }
}

async function flood(database: Database): Promise<string> {
  for (let n = 0; n < floodRowsMax; n += 1) {
    try {
      await database.query(
        "insert into chaos.flood select string_agg(md5(random()::text), '') from generate_series(1, 2048)",
      );
    } catch (error) {
      return toRoostError(error).message.slice(0, 120);
    }
  }
  return "was not felt";
}
