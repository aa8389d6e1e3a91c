import { join } from "node:path";
import { isSigningKey, makeSigningKey, openSigning, type Signing } from "@roost/access";
import type { Memory } from "@roost/memory";
import { readOwnKey } from "../read-own-key.ts";

const keyFile = join(".roost", "session-key");

/** By the key of this machine, which gateways on one directory share. Without its file, or where that is torn, another one is made, and what was signed with it counts no more. */
export async function openOwnSigning({ kernel, machineDir, logger }: Memory): Promise<Signing> {
  const key = await readOwnKey(machineDir, keyFile, makeSigningKey, { isKey: isSigningKey, logger });
  return await openSigning(kernel, { key, logger });
}
