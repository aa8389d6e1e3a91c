/** Of the texts of one request; a single one may be larger. */
const batchBytesMax = 4 * 1024 ** 2;

/** What goes into one request each: at most `countMax`, their texts within its bytes. Holds one batch in memory. */
export async function* inBatches<Item>(
  items: AsyncIterable<Item>,
  countMax: number,
  textOf: (item: Item) => string = () => "",
): AsyncGenerator<Item[]> {
  let batch: Item[] = [];
  let bytes = 0;
  for await (const item of items) {
    const size = Buffer.byteLength(textOf(item));
    if (batch.length > 0 && (batch.length >= countMax || bytes + size > batchBytesMax)) {
      yield batch;
      [batch, bytes] = [[], 0];
    }
    batch.push(item);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}
