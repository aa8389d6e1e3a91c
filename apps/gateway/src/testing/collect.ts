/** Reads streams in tests. */

/** Collects items up to the one for which `isLast` holds, then leaves the stream. */
export async function collect<Item>(stream: AsyncIterable<Item>, isLast: (item: Item) => boolean): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of stream) {
    items.push(item);
    if (isLast(item)) break;
  }
  return items;
}
