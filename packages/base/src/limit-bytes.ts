/** Bytes as they come. @throws what `refuse` gives, as soon as there are more than the limit; the source is then left */
export async function* limitBytes(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { bytesMax, refuse }: { bytesMax: number; refuse: () => Error },
): AsyncGenerator<Uint8Array, void> {
  let byteCount = 0;
  for await (const bytes of source) {
    byteCount += bytes.byteLength;
    if (byteCount > bytesMax) throw refuse();
    yield bytes;
  }
}
