/** Why a run ran and what came of it: the events of its correlation, linked by their causes. */
import type { CausalNode as CausalRecord } from "@roost/contract/operations";
import { buildCausality, causesOf, getRun, readCorrelation, type CausalNode } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";
import { requireUuid } from "../records/require-uuid.ts";
import { describeEvent } from "../records/describe-event.ts";
import { toRunSummary } from "../records/to-run-summary.ts";

export function explainRun({ kernel }: GatewayContext): ApiHandler<"explainRun"> {
  return async ({ runId, limit }) => {
    const run = await getRun(kernel.database, requireUuid("run", runId));
    const events = await readCorrelation(kernel.database, run.correlation, { limit: eventsReadMax });
    const causality = buildCausality(events);
    const created = events.find((event) => event.type === "run.created" && event.subject === runId);
    const origin = created === undefined ? undefined : causality.byId.get(created.id);
    const causes = origin === undefined ? [] : [...causesOf(origin), origin];
    const effects = origin === undefined ? [] : effectsOf(origin);
    return {
      run: toRunSummary(run),
      why: run.reason,
      causes: causes.map((node, depth) => toRecord(node, depth)),
      effects: effects.slice(0, limit).map(({ node, depth }) => toRecord(node, depth)),
      isCut: effects.length > limit || events.length === eventsReadMax,
    };
  };
}

const eventsReadMax = 1_000;

/** Everything below a node, parents before children, in the order in which it happened. */
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

function toRecord({ event, cause }: CausalNode, depth: number): CausalRecord {
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
