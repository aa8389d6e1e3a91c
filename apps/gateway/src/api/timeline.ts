/** The log as people read it. */
import { RoostError, timeZoneOf } from "@roost/base";
import { serve, type InputOf, type Served } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import { listTicks } from "@roost/jobs";
import {
  findOffsets,
  formatOffsets,
  listRuns,
  parseOffsets,
  readBefore,
  readEvents,
  readPartitions,
  refuseOutOfRange,
  type Kernel,
} from "@roost/kernel";
import { iso } from "../records/iso.ts";
import { toEventRecord } from "../records/to-event.ts";
import { toRunSummary } from "../records/to-run-summary.ts";
import { explainEvents } from "./explain-events.ts";
import { tailedTopics } from "./tail-events.ts";

export interface TimelineOptions {
  kernel: Kernel;
  timeZone: string;
}

/** Runs of a job or an agent whose steps are found. */
const runsMax = 500;

export function serveTimeline({ kernel, timeZone }: TimelineOptions): Served[] {
  const { database, registry } = kernel;
  return [
    serve(operations.listEvents, async (input) => {
      const topics = await tailedTopics(kernel, input.topics);
      const below = await placeBefore(kernel, topics, input);
      const { types, without, label, limit } = input;
      const about = await namesOf(kernel, input);
      const page = await readBefore(database, { topics, types, without, label, about, below, limit });
      return {
        items: registry.upcast(page.events).map(toEventRecord),
        next: page.isWhole ? null : formatOffsets(page.below),
      };
    }),

    serve(operations.getDay, async ({ day }) => {
      const zone = timeZoneOf(timeZone);
      const midnight = Date.parse(`${day}T00:00:00Z`);
      const [since, until] = [midnight, midnight + dayMs].map((at) => new Date(zone.instantOf(at)));
      if (since === undefined || until === undefined) throw new RoostError("internal", `${day} has no midnight`);
      const runs = await listRuns(kernel, { since, until, limit: operations.dayRunsMax + 1 });
      const ticks = await readUnfired(kernel, since, until);
      return {
        day,
        from: iso(since),
        until: iso(until),
        timeZone,
        runs: runs.slice(0, operations.dayRunsMax).map(toRunSummary),
        isCut: runs.length > operations.dayRunsMax,
        ticks,
      };
    }),

    serve(operations.explainEvent, async ({ topic, partition, offset, limit, after }) => {
      const range = (await readPartitions(database, [topic])).find((one) => one.partition === partition);
      if (range !== undefined) refuseOutOfRange(range, offset);
      const [stored] = await readEvents(database, { topic, partition, offset, limit: 1, offsetUntil: offset + 1 });
      if (stored === undefined)
        throw new RoostError("not_found", `There is no event ${offset} in partition ${partition} of topic "${topic}"`);
      const [event = stored] = registry.upcast([stored]);
      const isOrigin = ({ id }: { id: string }) => id === event.id;
      const explained = await explainEvents(kernel, { correlation: event.correlation, isOrigin, limit, after });
      return { event: toEventRecord(event), ...explained };
    }),
  ];
}

const dayMs = 86_400_000;

async function placeBefore(
  kernel: Kernel,
  topics: readonly string[],
  { after, until }: InputOf<typeof operations.listEvents>,
) {
  if (after !== undefined) return parseOffsets(after);
  return until === undefined ? undefined : findOffsets(kernel.database, { topics, since: new Date(until) });
}

/** All that an event about what was asked for may name. */
async function namesOf(
  kernel: Kernel,
  { jobId, agent, sessionKey, runId }: InputOf<typeof operations.listEvents>,
): Promise<string[] | undefined> {
  if (runId !== undefined) return [runId];
  const names = [jobId, agent, sessionKey].filter((name) => name !== undefined);
  if (names.length === 0) return undefined;
  const runs = await listRuns(kernel, { jobId, agent, sessionKey, limit: runsMax });
  const ids = runs.map(({ id }) => id);
  // Of several, what is of all of them: the runs alone tell.
  return names.length === 1 ? [...names, ...ids] : ids;
}

async function readUnfired(kernel: Kernel, from: Date, until: Date): Promise<operations.DayRecord["ticks"]> {
  const outcomes = ["skipped", "missed"] as const;
  const limit = operations.dayTicksMax / outcomes.length;
  const after = [until.toISOString(), "", ""] as const;
  const pages = await Promise.all(outcomes.map((outcome) => listTicks(kernel, { outcome, after: [...after], limit })));
  return pages.flatMap(({ ticks }) =>
    ticks
      .filter(({ scheduledAt }) => scheduledAt >= from)
      .map(({ jobId, scheduledAt, outcome, reason, missedCount }) => {
        const count = Math.max(1, missedCount);
        return { jobId, scheduledAt: iso(scheduledAt), outcome, reason, count };
      }),
  );
}
