/** Roost under the workloads "append" and "read": events of 1 KB, checked against their schema, partitioned, dense. */
import { readEvents, readPartitions, type EventDraft } from "@roost/kernel";
import { benchEvent } from "../bench-event.ts";
import { openRoost } from "./open-roost.ts";
import type { PeerSetup, WorkloadParameters, WorkloadResult } from "./peer.ts";
import { oneKilobyte } from "./one-kilobyte.ts";
import { timeCalls } from "./time-jobs.ts";

const { topic, type } = benchEvent;

export async function measureRoostLogAppends(
  setup: PeerSetup,
  isTogether: boolean,
  parameters: WorkloadParameters,
): Promise<WorkloadResult> {
  const { batch, writers, count } = parameters as { batch: number; writers: number; count: number };
  await using opened = await openRoost(setup);
  const { kernel } = opened;
  await kernel.registry.register([benchEvent]);
  const draft = (n: number): EventDraft => ({
    type,
    subject: `subject-${n % 50}`,
    data: { n, text: oneKilobyte },
  });
  const drafts = (call: number) => Array.from({ length: batch }, (_, n) => draft(call * batch + n));
  const append = isTogether
    ? (call: number) => kernel.append(drafts(call))
    : // Each in a transaction of its own.
      (call: number) =>
        kernel.transact(async (tx) => {
          for (const one of drafts(call)) tx.emit(one);
        });
  const result = await timeCalls({ count: Math.ceil(count / batch), concurrency: writers, call: append });
  return { ...result, perSecond: result["perSecond"]! * batch };
}

export async function measureRoostLogReads(setup: PeerSetup, parameters: WorkloadParameters): Promise<WorkloadResult> {
  const { batch, count } = parameters as { batch: number; count: number };
  await using opened = await openRoost(setup);
  const { kernel, database } = opened;
  const ranges = (await readPartitions(kernel.database, [topic])).filter((range) => range.nextOffset >= batch);
  if (ranges.length === 0) throw new Error("nothing was appended before it is read");
  const places = ranges.map(() => 0);
  const result = await timeCalls({
    count: Math.ceil(count / batch),
    concurrency: 1,
    call: async (n) => {
      const at = n % ranges.length;
      const range = ranges[at]!;
      if (places[at]! + batch > range.nextOffset) places[at] = 0;
      const events = await readEvents(database, {
        topic,
        partition: range.partition,
        offset: places[at]!,
        limit: batch,
      });
      if (events.length !== batch) throw new Error(`read ${events.length} events where ${batch} are`);
      places[at]! += batch;
    },
  });
  return { ...result, perSecond: result["perSecond"]! * batch };
}
