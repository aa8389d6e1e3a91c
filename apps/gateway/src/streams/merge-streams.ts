/**
 * Items of several streams as they come; ends when all have ended, fails when one fails. Streams put into `added` meanwhile are
 * taken in with the next item.
 */
export async function* mergeStreams<Item>(
  streams: readonly AsyncGenerator<Item, void>[],
  added: AsyncGenerator<Item, void>[] = [],
): AsyncGenerator<Item, void> {
  const next = (stream: AsyncGenerator<Item, void>) => stream.next().then((result) => ({ stream, result }));
  const pending = new Map(streams.map((stream) => [stream, next(stream)]));
  try {
    while (pending.size > 0) {
      const { stream, result } = await Promise.race(pending.values());
      if (result.done === true) {
        pending.delete(stream);
      } else {
        pending.set(stream, next(stream));
        yield result.value;
      }
      for (const late of added.splice(0)) pending.set(late, next(late));
    }
  } finally {
    // A generator that waits for its next item is closed by its signal, not by return(), which would wait behind it.
    for (const stream of pending.keys()) void stream.return().catch(() => undefined);
    for (const promise of pending.values()) void promise.catch(() => undefined);
  }
}
