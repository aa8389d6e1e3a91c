/** Explains a run: the events of its correlation, linked by their causes. */
import { type Handler, placeOf, toPage, uuidPlace } from "@roost/contract";
import { describeEvent, type CausalNodeRecord, type explainRun as operation } from "@roost/contract/operations";
import { RoostError } from "@roost/base";
import {
  buildCausality,
  causesOf,
  getRun,
  readCorrelation,
  readLimitMax,
  type CausalNode,
  type Kernel,
  type StoredEvent,
} from "@roost/kernel";
import { requireUuid } from "../records/require-uuid.ts";
import { toRunSummary } from "../records/to-run-summary.ts";

export function explainRun(kernel: Kernel): Handler<typeof operation> {
  return async ({ runId, limit, after }) => {
    const run = await getRun(kernel.database, requireUuid("run", runId));
    const { events, isAll } = await readAll(kernel, run.correlation);
    const causality = buildCausality(events);
    const created = events.find((event) => event.type === "run.created" && event.subject === runId);
    const origin = created === undefined ? undefined : causality.byId.get(created.id);
    const causes = origin === undefined ? [] : [...causesOf(origin), origin];
    const effects = origin === undefined ? [] : effectsOf(origin);
    const place = placeOf(uuidPlace, after);
    const begin = place === undefined ? 0 : 1 + effects.findIndex(({ node }) => node.event.id === place);
    if (place !== undefined && begin === 0)
      throw new RoostError("invalid_input", `The cursor ${place} does not belong to this run: start again without one`);
    const shown = effects.slice(begin, begin + limit);
    const isMore = begin + shown.length < effects.length;
    return {
      run: toRunSummary(run),
      why: run.reason,
      causes: causes.map((node, depth) => toRecord(node, depth)),
      effects: toPage(
        shown.map(({ node, depth }) => toRecord(node, depth)),
        isMore ? shown.at(-1)?.node.event.id : null,
      ),
      isCut: isMore || !isAll,
    };
  };
}

/** Per correlation: a cron job has one for each tick, so a longer one is a loop. */
const eventsReadMax = 20_000;

async function readAll(kernel: Kernel, correlation: string): Promise<{ events: StoredEvent[]; isAll: boolean }> {
  const events: StoredEvent[] = [];
  while (events.length < eventsReadMax) {
    const page = await readCorrelation(kernel.database, correlation, { limit: readLimitMax, after: events.at(-1)?.id });
    events.push(...kernel.registry.upcast(page));
    if (page.length < readLimitMax) return { events, isAll: true };
  }
  return { events, isAll: false };
}

/** Everything below a node, parents before children, in order of occurrence. */
function effectsOf(origin: CausalNode): { node: CausalNode; depth: number }[] {
  const found: { node: CausalNode; depth: number }[] = [];
  const open = origin.effects.map((node) => ({ node, depth: 0 })).toReversed();
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    found.push(next);
    const { node, depth } = next;
    open.push(...node.effects.map((effect) => ({ node: effect, depth: depth + 1 })).toReversed());
  }
  return found;
}

function toRecord({ event, cause }: CausalNode, depth: number): CausalNodeRecord {
  const text = (name: string) => (typeof event.data[name] === "string" ? event.data[name] : null);
  return {
    eventId: event.id,
    parentId: cause?.event.id ?? null,
    depth,
    type: event.type,
    subject: event.subject,
    time: event.time.toISOString(),
    text: describeEvent(event),
    runId: text("runId"),
    jobId: text("jobId"),
  };
}
