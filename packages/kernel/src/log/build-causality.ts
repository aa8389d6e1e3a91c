import type { StoredEvent } from "./event.ts";

/** An event with its cause and effects. */
export interface CausalNode {
  event: StoredEvent;
  cause: CausalNode | undefined;
  effects: CausalNode[];
}

export interface Causality {
  /** Events whose cause is not among the given ones, in order. */
  roots: CausalNode[];
  byId: Map<string, CausalNode>;
}

/** Links events by causation. Each event is in the forest once, even when causations form a circle. */
export function buildCausality(events: readonly StoredEvent[]): Causality {
  const byId = new Map<string, CausalNode>();
  const nodes = events.map((event): CausalNode => ({ event, cause: undefined, effects: [] }));
  for (const node of nodes) if (!byId.has(node.event.id)) byId.set(node.event.id, node);
  const roots: CausalNode[] = [];
  for (const node of nodes) {
    const cause = node.event.causation === null ? undefined : byId.get(node.event.causation);
    if (cause === undefined || causesOf(cause).includes(node) || cause === node) {
      roots.push(node);
      continue;
    }
    node.cause = cause;
    cause.effects.push(node);
  }
  return { roots, byId };
}

/** The causes of a node, from the first to the direct one. */
export function causesOf(node: CausalNode): CausalNode[] {
  const causes: CausalNode[] = [];
  for (let cause = node.cause; cause !== undefined; cause = cause.cause) causes.unshift(cause);
  return causes;
}
