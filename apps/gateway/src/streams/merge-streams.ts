/**
 * Merges streams: each is read on only after its last item was taken. Ends when all have ended, fails when one fails. Streams put into `added` join
 * at the next item.
 */
export async function* mergeStreams<Item>(
  streams: readonly AsyncGenerator<Item, void>[],
  added: AsyncGenerator<Item, void>[] = [],
): AsyncGenerator<Item, void> {
  const open = new Set<AsyncGenerator<Item, void>>();
  const arrived: Arrival<Item>[] = [];
  let wake: () => void = () => {};
  // A queue rather than Promise.race, which would add a reaction per item on a silent stream.
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
    // Not awaited: a waiting generator is ended by its signal, and return() queues behind that.
    for (const stream of [...open, ...added]) void stream.return().catch(() => undefined);
  }
}

interface Arrival<Item> {
  stream: AsyncGenerator<Item, void>;
  /** Missing when it failed. */
  result?: IteratorResult<Item, void>;
  error?: unknown;
}
