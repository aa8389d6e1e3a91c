/**
 * Items of several streams as they come: each is asked for its next item only when the one before was taken. It ends when all have
 * ended and fails when one fails. Streams put into `added` meanwhile are taken in with the next item.
 */
export async function* mergeStreams<Item>(
  streams: readonly AsyncGenerator<Item, void>[],
  added: AsyncGenerator<Item, void>[] = [],
): AsyncGenerator<Item, void> {
  const open = new Set<AsyncGenerator<Item, void>>();
  const arrived: Arrival<Item>[] = [];
  let wake: () => void = () => {};
  // A queue and not Promise.race, which would keep one reaction per item on a stream that stays silent.
  const arrive = (arrival: Arrival<Item>) => {
    arrived.push(arrival);
    wake();
  };
  const ask = (stream: AsyncGenerator<Item, void>) => {
    open.add(stream);
    stream.next().then(
      (result) => arrive({ stream, result }),
      (error: unknown) => arrive({ stream, error }),
    );
  };
  for (const stream of [...streams, ...added.splice(0)]) ask(stream);
  try {
    while (open.size > 0) {
      const arrival = arrived.shift();
      if (arrival === undefined) {
        await new Promise<void>((resolve) => (wake = resolve));
        continue;
      }
      if (arrival.result === undefined) throw arrival.error;
      if (arrival.result.done === true) {
        open.delete(arrival.stream);
      } else {
        yield arrival.result.value;
        ask(arrival.stream);
      }
      for (const late of added.splice(0)) ask(late);
    }
  } finally {
    // Not awaited: a generator that waits for its next item is ended by its signal, and return() stands in line behind that.
    for (const stream of [...open, ...added]) void stream.return().catch(() => undefined);
  }
}

interface Arrival<Item> {
  stream: AsyncGenerator<Item, void>;
  /** Without one it failed. */
  result?: IteratorResult<Item, void>;
  error?: unknown;
}
