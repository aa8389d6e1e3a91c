/** Keeps segments ahead of the heads, and drops those that are older than their topic's retention. */
import type { Logger } from "@roost/base";
import type { Database } from "@roost/database";
import type { AppendedTo } from "./append-events.ts";
import { readTopics } from "./topics.ts";

export interface SegmentKeeper extends AsyncDisposable {
  /** Makes the next segment in the background once the newest one is half full. */
  noticeHead(head: AppendedTo): void;
}

export function createSegmentKeeper({ database, logger }: { database: Database; logger: Logger }): SegmentKeeper {
  const extending = new Map<string, Promise<void>>();
  const sizes = new Map<string, number>();

  const extend = async (topic: string, until: number) => {
    try {
      let size = sizes.get(topic);
      if (size === undefined) {
        for (const known of (await readTopics(database)).values()) sizes.set(known.name, known.segmentSize);
        size = sizes.get(topic) ?? 0;
      }
      await database.query("select roost.extend_topic($1, $2)", [topic, until + size]);
    } catch (error) {
      // The append that needs it makes it.
      logger.warn("the next segment of a topic was not made ahead of time", { topic, error });
    } finally {
      extending.delete(topic);
    }
  };
  return {
    noticeHead({ topic, nextOffset, offsetsUntil }) {
      if (extending.has(topic)) return;
      const size = sizes.get(topic);
      // Until the size is known, the first append asks for it.
      if (size !== undefined && offsetsUntil - nextOffset > size / 2) return;
      extending.set(topic, extend(topic, offsetsUntil));
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(extending.values());
    },
  };
}
