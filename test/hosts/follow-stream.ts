import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { CallOptions } from "@roost/contract/client";
import type { Event } from "@roost/contract/operations";

export interface FollowedStream {
  /** Offsets that it brought, by partition (`topic/1`). */
  offsets: Map<string, number[]>;
  /** Resolves when its place is known. */
  opened: Promise<void>;
  failure(): unknown;
}

/** Reads a stream of events until the test is over. */
export function followStream(
  t: Pick<TestContext, "after">,
  open: (options: CallOptions) => AsyncIterable<{ data: unknown }>,
): FollowedStream {
  const over = new AbortController();
  const offsets = new Map<string, number[]>();
  const opened = Promise.withResolvers<void>();
  const read = async () => {
    for await (const { data } of open({ signal: over.signal, onPlace: () => opened.resolve() })) {
      const event = (data as { event?: Event }).event ?? (data as Event);
      const place = `${event.topic}/${event.partition}`;
      if (event.offset !== undefined) offsets.set(place, [...(offsets.get(place) ?? []), event.offset]);
    }
  };
  let failure: unknown;
  read().catch((error: unknown) => {
    failure = error;
    opened.reject(error);
  });
  t.after(() => over.abort());
  return { offsets, opened: opened.promise, failure: () => failure };
}

/** Of a stream of whole partitions. */
export function assertNoGaps({ offsets, failure }: FollowedStream): void {
  assert.equal(failure(), undefined);
  for (const [place, seen] of offsets)
    assert.deepEqual(
      seen,
      Array.from(seen, (_, at) => seen[0]! + at),
      `${place} without gap or repeat`,
    );
}
