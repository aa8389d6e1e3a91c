import { RoostError } from "@roost/base";
import type { Memory } from "../memory.ts";

/** For what is done on the home's disk itself. @throws RoostError `unavailable` where that is on another machine */
export function requireDisk({ mirror }: Pick<Memory, "mirror">, what: string): void {
  if (mirror === undefined) return;
  throw new RoostError("unavailable", `${what} is done where the home's disk is: ask its own gateway`);
}
