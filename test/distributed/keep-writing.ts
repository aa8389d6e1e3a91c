import assert from "node:assert/strict";
import { setImmediate as nextTurn } from "node:timers/promises";
import { toRoostError } from "@roost/base";
import type { Kernel } from "@roost/kernel";
import { note } from "@roost/kernel/testing/test-events";

/** Disposing stops it as well. */
export interface KeptWriting extends AsyncDisposable {
  /** Ids of events. */
  acknowledged: ReadonlySet<string>;
  stop(): Promise<void>;
}

/** Writers, each of one event after the other, whatever became of the last. One that is told "unavailable" goes on. */
export function keepWriting(kernel: Kernel, { writerCount }: { writerCount: number }): KeptWriting {
  const acknowledged = new Set<string>();
  let isOver = false;
  const write = async (writer: number) => {
    for (let n = 0; !isOver; n += 1) {
      try {
        const [position] = await kernel.append([note(n, `writer ${writer}`)]);
        acknowledged.add(position!.id);
      } catch (error) {
        const { code, message } = toRoostError(error);
        assert.ok(code === "unavailable" || code === "timeout", message);
        await nextTurn();
      }
    }
  };
  const writing = Promise.all(Array.from({ length: writerCount }, (_, writer) => write(writer)));
  const stop = async () => {
    isOver = true;
    await writing;
  };
  return { acknowledged, stop, [Symbol.asyncDispose]: stop };
}
