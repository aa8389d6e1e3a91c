/** Creates segments ahead of the heads, and drops those older than their topic's retention. */
import { toRoostError, type Logger } from "@roost/base";
import type { Database, Sql } from "@roost/database";
import type { AppendedTo } from "./append-events.ts";
import { readTopics } from "./topics.ts";

export interface SegmentKeeper extends AsyncDisposable {
  /** Creates the next segment in the background once the newest one is half full. */
  noticeHead(head: AppendedTo): void;
}

export function createSegmentKeeper({ database, logger }: { database: Database; logger: Logger }): SegmentKeeper {
  const extending = new Map<string, Promise<void>>();
  const sizes = new Map<string, number>();

  let isClosed = false;

  const extend = async (head: AppendedTo) => {
    const { topic } = head;
    try {
      // Read each time: segments become smaller when a topic gets a retention.
      for (const known of (await readTopics(database)).values()) sizes.set(known.name, known.segmentSize);
      const size = sizes.get(topic) ?? 0;
      if (isHalfUsed(head, size))
        await database.query("select roost.extend_topic_1($1, $2)", [topic, head.offsetsUntil + size]);
    } catch (error) {
      // The append that needs it creates it.
      logger.warn("the next segment of a topic was not made ahead of time", { topic, error });
    } finally {
      extending.delete(topic);
    }
  };
  return {
    noticeHead(head) {
      if (isClosed || extending.has(head.topic)) return;
      const size = sizes.get(head.topic);
      if (size === undefined || isHalfUsed(head, size)) extending.set(head.topic, extend(head));
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      await Promise.all(extending.values());
    },
  };
}

function isHalfUsed({ nextOffset, offsetsUntil }: AppendedTo, segmentSize: number): boolean {
  return offsetsUntil - nextOffset <= segmentSize / 2;
}

export interface LogMaintenance {
  /** Segments created ahead of need. */
  extendedCount: number;
  /** Segments whose events were all older than the retention. */
  droppedCount: number;
}

const droppedPerTopicMax = 100;

/** Creates the segments that will be needed and drops expired ones. Any process may call it at any time. */
export async function maintainLog({
  database,
  logger,
}: {
  database: Database;
  logger: Logger;
}): Promise<LogMaintenance> {
  const done: LogMaintenance = { extendedCount: 0, droppedCount: 0 };
  const failures: unknown[] = [];
  const heads = await database.query<{ topic: string; newest: number }>(
    "select topic, max(next_offset) as newest from roost.partition_head group by topic",
  );
  const newestOf = new Map(heads.map(({ topic, newest }) => [topic, newest]));
  for (const topic of (await readTopics(database)).values()) {
    try {
      if (topic.offsetsUntil - (newestOf.get(topic.name) ?? 0) <= topic.segmentSize / 2) {
        await database.query("select roost.extend_topic_1($1, $2)", [
          topic.name,
          topic.offsetsUntil + topic.segmentSize,
        ]);
        done.extendedCount += 1;
      }
      if (topic.retentionMs !== null) done.droppedCount += await dropExpired(database, topic.name, logger);
    } catch (error) {
      // The other topics need their segments all the same.
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return done;
}

async function dropExpired(sql: Sql, topic: string, logger: Logger): Promise<number> {
  for (let droppedCount = 0; droppedCount < droppedPerTopicMax; droppedCount += 1) {
    try {
      const [row] = await sql.query<{ dropped: boolean }>("select roost.drop_expired_segment_1($1) as dropped", [
        topic,
      ]);
      if (!row?.dropped) return droppedCount;
    } catch (thrown) {
      const error = toRoostError(thrown);
      if (error.code !== "timeout") throw error;
      logger.info("a segment is still being read and is dropped later", { topic });
      return droppedCount;
    }
  }
  return droppedPerTopicMax;
}
