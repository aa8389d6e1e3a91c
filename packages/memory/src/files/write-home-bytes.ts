import { RoostError } from "@roost/base";
import type { Memory } from "../memory.ts";
import { stateNameOf } from "../visibility/home-file-class.ts";
import { findTarget, putHomeFile, refuseLarge } from "./write-home-file.ts";
import type { WriteOutcome, WriteRequest } from "./write-request.ts";

/** As writeHomeFile, of any bytes. A state is JSON, which writeHomeFile takes. */
export async function writeHomeBytes(
  memory: Memory,
  request: Omit<WriteRequest, "text"> & { bytes: Uint8Array },
): Promise<WriteOutcome> {
  const target = await findTarget(memory, request);
  if (stateNameOf(target.path) !== undefined)
    throw new RoostError("invalid_input", `${target.path} is a state: a state file holds one JSON value`);
  refuseLarge(target.path, request.bytes.length);
  return putHomeFile(memory, request, { target, bytes: Buffer.from(request.bytes) });
}
