/** What a process needs to host a service, its login's password included: one file for each in the home, for its owner alone. */
import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { RoostError, writeFileDurably } from "@roost/base";
import { z } from "zod";
import type { InstalledService } from "./install-service.ts";

const Installed = z.object({
  name: z.string(),
  roleName: z.string(),
  loginName: z.string(),
  schemaName: z.string(),
  contractHash: z.string(),
  password: z.string(),
});

export function installedFile(homeDir: string, service: string): string {
  return join(homeDir, ".roost", "services", `${service}.json`);
}

export async function writeInstalledFile(path: string, installed: InstalledService): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFileDurably(path, `${JSON.stringify(installed)}\n`, { mode: 0o600 });
}

/** @throws RoostError `not_found` when there is none, `invalid_input` when it is none */
export async function readInstalledFile(path: string): Promise<InstalledService> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new RoostError("not_found", `${path} cannot be read: the service is not installed`, { cause });
  });
  try {
    return Installed.parse(JSON.parse(text));
  } catch (cause) {
    throw new RoostError("invalid_input", `${path} is not what the installation of a service writes`, { cause });
  }
}
