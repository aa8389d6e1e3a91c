/** Ties a database to its home by the id in the home's file .roost/home-id. */
import { mkdir, readFile, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { RoostError, writeFileDurably } from "@roost/base";
import type { Database } from "@roost/database";
import type { Kernel } from "@roost/kernel";
import { refuseLeftDatabase } from "./home-database.ts";
import { holdHome, refuseOtherHome, type HeldHome, type HomeIdentity } from "./hold-home.ts";

const idForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Called before anything is written to the database. Held until disposed.
 * @throws RoostError `invalid_input` when the database belongs to another home, or to a running copy of this one
 */
export async function holdDatabase({ database, logger }: Kernel, homeDir: string): Promise<HeldHome> {
  const home = await readIdentity(homeDir);
  const held = await holdHome(database, home, { logger });
  try {
    if (held.id !== home.id) await writeFileDurably(idFile(homeDir), `${held.id}\n`, { mode: 0o600 });
    return held;
  } catch (error) {
    await held[Symbol.asyncDispose]();
    throw error;
  }
}

/** Called before migrations. @throws RoostError `invalid_input` when the database belongs to another home or was left by this one; it stays unchanged */
export async function refuseDatabaseOfAnother(database: Database, homeDir: string): Promise<void> {
  await refuseLeftDatabase(database, homeDir);
  await refuseOtherHome(database, await readIdentity(homeDir));
}

async function readIdentity(homeDir: string): Promise<HomeIdentity> {
  const machinery = join(homeDir, ".roost");
  await mkdir(machinery, { recursive: true, mode: 0o700 });
  // A copied directory has a different inode or birth time, on every file system; one mounted twice has the same.
  const { ino, birthtimeNs } = await stat(machinery, { bigint: true });
  return { id: await readId(idFile(homeDir)), place: `${ino}:${birthtimeNs}`, path: await realpath(homeDir) };
}

/** The home's id, once a process has tied it to its database. @throws RoostError `unavailable` before */
export async function readHomeId(homeDir: string): Promise<string> {
  const id = await readId(idFile(homeDir));
  if (id !== undefined) return id;
  throw new RoostError("unavailable", `The home ${homeDir} has no database yet: start it once with npm start`);
}

function idFile(homeDir: string): string {
  return join(homeDir, ".roost", "home-id");
}

/** Undefined when there is none or it is incomplete: the database knows it. */
async function readId(file: string): Promise<string | undefined> {
  const text = (await readFile(file, "utf8").catch(() => "")).trim();
  return idForm.test(text) ? text : undefined;
}
