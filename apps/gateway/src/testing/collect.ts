/** Reading streams in tests. */

/** Items until `isLast` says so, that one included; then the stream is left. */
export async function collect<Item>(stream: AsyncIterable<Item>, isLast: (item: Item) => boolean): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of stream) {
    items.push(item);
    if (isLast(item)) break;
  }
  return items;
}

/** Waits, without a clock, until something that happens by itself has happened. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}
