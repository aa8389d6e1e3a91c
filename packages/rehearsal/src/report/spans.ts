/** Durations in which runs go, and where they meet. Pure. */
// tidy: one idea, two questions.
export interface Span {
  fromMs: number;
  untilMs: number;
}

/** The most that are active at once within `within`; one that ends when another begins does not overlap with it. */
export function mostAtOnce(spans: readonly Span[], within?: Span): number {
  const edges = spans
    .filter((span) => span.untilMs > span.fromMs)
    .filter((span) => within === undefined || (span.fromMs < within.untilMs && span.untilMs > within.fromMs))
    .flatMap((span) => [
      { atMs: span.fromMs, step: 1 },
      { atMs: span.untilMs, step: -1 },
    ])
    .toSorted((a, b) => a.atMs - b.atMs || a.step - b.step);
  let going = 0;
  let most = 0;
  for (const { step } of edges) {
    going += step;
    most = Math.max(most, going);
  }
  return most;
}

/** Every overlapping pair, by when the later one begins. */
export function meetings<Item extends Span>(items: readonly Item[]): [Item, Item][] {
  const found: [Item, Item][] = [];
  let going: Item[] = [];
  for (const item of items.filter(({ fromMs, untilMs }) => untilMs > fromMs).toSorted((a, b) => a.fromMs - b.fromMs)) {
    going = going.filter((other) => other.untilMs > item.fromMs);
    for (const other of going) found.push([other, item]);
    going.push(item);
  }
  return found;
}
