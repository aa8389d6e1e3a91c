/** Records calls in batches, after their answers: `proxy.called` events, one of many calls for each caller. */
import type { Clock, JsonObject, Logger } from "@roost/base";
import { proxyCallsMax, type RoostEventData } from "@roost/contract/events";
import { formatLabels, mainLabels } from "@roost/contract/labels";
import type { Kernel } from "@roost/kernel";
import type { Caller } from "./proxy-call.ts";

export type CallRecord = RoostEventData<"proxy.called">["calls"][number];

export interface CallRecords {
  add(caller: Caller, record: CallRecord): void;
  /** Writes what was added; what cannot be written now stays for the next time. */
  flush(): Promise<void>;
}

/** More are counted only, while the database does not answer. */
const recordsMax = 20_000;
const eventsPerFlushMax = 100;

export function createCallRecords(kernel: Kernel, { clock, logger }: { clock: Clock; logger: Logger }): CallRecords {
  const waiting = new Map<string, { caller: Caller; calls: CallRecord[] }>();
  let count = 0;
  let lostCount = 0;
  let flushing: Promise<void> = Promise.resolve();

  const write = async () => {
    if (lostCount > 0) logger.warn("Calls of models were not recorded", { count: lostCount, at: clock.nowMs() });
    lostCount = 0;
    while (count > 0) {
      const events: { caller: Caller; calls: CallRecord[] }[] = [];
      for (const { caller, calls } of waiting.values())
        while (calls.length > 0 && events.length < eventsPerFlushMax)
          events.push({ caller, calls: calls.splice(0, proxyCallsMax) });
      for (const [id, { calls }] of waiting) if (calls.length === 0) waiting.delete(id);
      count -= events.reduce((sum, { calls }) => sum + calls.length, 0);
      try {
        await kernel.append(
          events.map(({ caller, calls }) => ({
            type: "proxy.called",
            subject: caller.id,
            labels: formatLabels(mainLabels),
            data: { by: caller.name, calls } as unknown as JsonObject,
          })),
        );
      } catch (error) {
        for (const { caller, calls } of events) for (const call of calls) add(caller, call);
        throw error;
      }
    }
  };

  function add(caller: Caller, record: CallRecord): void {
    if (count >= recordsMax) {
      lostCount += 1;
      return;
    }
    count += 1;
    const found = waiting.get(caller.id);
    if (found === undefined) waiting.set(caller.id, { caller, calls: [record] });
    else found.calls.push(record);
  }

  return {
    add,
    flush() {
      if (count === 0 && lostCount === 0) return flushing;
      flushing = flushing.catch(() => undefined).then(write);
      return flushing;
    },
  };
}
