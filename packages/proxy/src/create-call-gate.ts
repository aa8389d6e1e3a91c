/** How many calls may be on their way: of one caller, and of all. */
import { RoostError } from "@roost/base";
import type { Caller } from "./proxy-call.ts";

export interface CallGate {
  /** @throws RoostError `limit_exceeded` */
  enter(caller: Caller): Disposable;
}

const callerCallsMax = 200;
const callsMax = 1_000;

export function createCallGate(): CallGate {
  const going = new Map<string, number>();
  let count = 0;
  return {
    enter({ id, name }) {
      const own = going.get(id) ?? 0;
      if (count >= callsMax || own >= callerCallsMax)
        throw new RoostError(
          "limit_exceeded",
          `${own} calls of ${name} are on their way (limit ${callerCallsMax}), ${count} of all (limit ${callsMax}): wait for some`,
        );
      count += 1;
      going.set(id, own + 1);
      return {
        [Symbol.dispose]() {
          count -= 1;
          const left = (going.get(id) ?? 1) - 1;
          if (left === 0) going.delete(id);
          else going.set(id, left);
        },
      };
    },
  };
}
