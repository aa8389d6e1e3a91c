/** Why something happened and what it caused: the events of its correlation, linked by their causes. */
import { RoostError } from "@roost/base";
import { placeOf, toPage, uuidPlace } from "@roost/contract";
import { describeEvent, type CausalNodeRecord } from "@roost/contract/operations";
import {
  buildCausality,
  causesOf,
  readCorrelation,
  readLimitMax,
  type CausalNode,
  type Kernel,
  type StoredEvent,
} from "@roost/kernel";

export interface ExplainOptions {
  correlation: string;
  isOrigin: (event: StoredEvent) => boolean;
  limit: number;
  after: string | undefined;
}

/** Causes from the first to the origin itself, and a page of its effects. */
export async function explainEvents(kernel: Kernel, { correlation, isOrigin, limit, after }: ExplainOptions) {
  const { events, isAll } = await readAll(kernel, correlation);
  const causality = buildCausality(events);
  const found = events.find(isOrigin);
  const origin = found === undefined ? undefined : causality.byId.get(found.id);
  const causes = origin === undefined ? [] : [...causesOf(origin), origin];
  const effects = origin === undefined ? [] : effectsOf(origin);
  const place = placeOf(uuidPlace, after);
  const begin = place === undefined ? 0 : 1 + effects.findIndex(({ node }) => node.event.id === place);
  if (place !== undefined && begin === 0)
    throw new RoostError("invalid_input", `The cursor ${place} belongs to something else: start again without one`);
  const shown = effects.slice(begin, begin + limit);
  const isMore = begin + shown.length < effects.length;
  return {
    causes: causes.map((node, depth) => toRecord(node, depth)),
    effects: toPage(
      shown.map(({ node, depth }) => toRecord(node, depth)),
      isMore ? shown.at(-1)?.node.event.id : null,
    ),
    isCut: isMore || !isAll,
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
