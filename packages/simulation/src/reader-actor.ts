/** A reader of the log: a consumer group whose effect is a row, and a tail that remembers what it saw. */
import {
  consumeGroup,
  createGroup,
  readEvents,
  readPartitions,
  type KernelTransaction,
  type StoredEvent,
} from "@roost/kernel";
import { isUnavailable, type SimulatedProcess } from "./simulated-process.ts";

export const consumerGroup = "simulation";
export const consumedTopics = ["notices", "runs"];
const eventsPerPass = 16;
const readChance = 0.25;

export async function readerActor(process: SimulatedProcess): Promise<void> {
  const { kernel, surroundings } = process;
  const seen = new Map<string, string[]>();
  surroundings.history.readings.push(seen);
  for (;;) {
    await process.idle();
    // Mostly it waits: what happens around it is more.
    if (surroundings.phase !== "rest" && !process.random.chance(readChance)) continue;
    try {
      if (process.random.chance(0.5)) {
        const group = createGroup(consumerGroup, "stop", recordConsumed);
        await consumeGroup(kernel, group, { topics: consumedTopics, limit: eventsPerPass });
      } else {
        await readOn(process, seen);
      }
    } catch (error) {
      if (!isUnavailable(error)) throw error;
    }
  }
}

/** The effect of an event: a row that says so. Nothing but the cursor keeps it from being written twice. */
async function recordConsumed(tx: KernelTransaction, events: StoredEvent[]): Promise<void> {
  await tx.query(
    `insert into roost.simulated_consumption (topic, partition, "offset", event_id)
     select * from unnest($1::text[], $2::int[], $3::bigint[], $4::text[])`,
    [
      events.map((event) => event.topic),
      events.map((event) => event.partition),
      events.map((event) => event.offset),
      events.map((event) => event.id),
    ],
    { name: "simulation_consume" },
  );
}

/** Reads on from where it stopped, as far as one page goes: what it passes it never sees again. */
async function readOn({ kernel, random }: SimulatedProcess, seen: Map<string, string[]>): Promise<void> {
  const topic = random.pick(["runs", "notices", "coordination", "jobs"]);
  const ranges = await readPartitions(kernel.database, [topic]);
  if (ranges.length === 0) return;
  const { partition } = random.pick(ranges);
  const place = `${topic}/${partition}`;
  const ids = seen.get(place) ?? [];
  const events = await readEvents(kernel.database, { topic, partition, offset: ids.length, limit: eventsPerPass });
  seen.set(place, [...ids, ...events.map((event) => event.id)]);
}
