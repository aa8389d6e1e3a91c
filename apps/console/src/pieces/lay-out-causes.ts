/** Causes and effects as a picture: columns from the first cause on, alike siblings joined into one. Pure. */
import type { CausalNodeRecord } from "@roost/contract/operations";

export interface PlacedCause {
  node: CausalNodeRecord;
  /** How many of its kind it stands for. */
  count: number;
  column: number;
  row: number;
  /** Index of its cause among the placed ones. */
  from: number | undefined;
}

export interface PlacedCauses {
  placed: PlacedCause[];
  columnCount: number;
  rowCount: number;
}

/** Siblings of a type beyond these are one, when nothing came of them. */
const alikeMax = 2;
const placedMax = 120;

/** `nodes`: parents before children. */
export function layOutCauses(nodes: readonly CausalNodeRecord[], own: string): PlacedCauses {
  const children = new Map<string, CausalNodeRecord[]>();
  const ids = new Set(nodes.map(({ eventId }) => eventId));
  for (const node of nodes) {
    if (node.parentId === null || !ids.has(node.parentId)) continue;
    children.set(node.parentId, [...(children.get(node.parentId) ?? []), node]);
  }
  const placed: PlacedCause[] = [];
  let rowCount = 0;
  const place = (node: CausalNodeRecord, count: number, column: number, from: number | undefined): void => {
    if (placed.length >= placedMax) return;
    const index = placed.push({ node, count, column, row: rowCount, from }) - 1;
    const groups = joinAlike(children.get(node.eventId) ?? [], children, own);
    for (const [at, group] of groups.entries()) {
      if (at > 0) rowCount += 1;
      place(group[0]!, group.length, column + 1, index);
    }
  };
  const roots = nodes.filter(({ parentId }) => parentId === null || !ids.has(parentId));
  for (const [at, root] of roots.entries()) {
    if (at > 0) rowCount += 1;
    place(root, 1, 0, undefined);
  }
  return { placed, columnCount: 1 + Math.max(0, ...placed.map(({ column }) => column)), rowCount: rowCount + 1 };
}

/** Those of one type that have no effects of their own stand together when they are many. */
function joinAlike(
  siblings: readonly CausalNodeRecord[],
  children: ReadonlyMap<string, readonly CausalNodeRecord[]>,
  own: string,
): CausalNodeRecord[][] {
  const groups: CausalNodeRecord[][] = [];
  const leaves = new Map<string, CausalNodeRecord[]>();
  for (const node of siblings) {
    const isLeaf = !children.has(node.eventId) && node.eventId !== own;
    const group = isLeaf ? leaves.get(node.type) : undefined;
    if (group !== undefined) {
      group.push(node);
      continue;
    }
    const begun = [node];
    groups.push(begun);
    if (isLeaf) leaves.set(node.type, begun);
  }
  return groups.flatMap((group) => (group.length > alikeMax ? [group] : group.map((node) => [node])));
}
