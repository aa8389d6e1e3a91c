/** What the relay has still to ship and readers of Kafka have still to take, for `roost status`. */
import { toRoostError } from "@roost/base";
import type { Sql } from "@roost/database";
import { getGroup, listDeadLetters, readForeignOffsets, readLag } from "@roost/kernel";
import { positionsOf } from "./consume/take-records.ts";
import { relayGroup } from "./relay/lock-place.ts";

/** More are not counted. */
const lettersCounted = 1_000;

export interface KafkaStatus {
  relay: KafkaLag & { partitionCount: number; heldCount: number };
  readers: (KafkaLag & { group: string; deadLetterCount: number })[];
}

export interface KafkaLag {
  lagCount: number;
  /** Age of the oldest that waits; null: nothing does, or it is not known. */
  lagMs: number | null;
  /** What went wrong last, while it does. */
  error: string | null;
}

/** Undefined for a database that never had to do with Kafka. */
export async function readKafkaStatus(sql: Sql): Promise<KafkaStatus | undefined> {
  if (!(await hasKafka(sql))) return undefined;
  const [places, relayed, [leases], [shipped], readers] = await Promise.all([
    readGroupPlaces(sql, relayGroup),
    sql.query<{ topic: string }>("select distinct topic from kafka.lease where purpose = 'relay'"),
    sql.query<{ partitionCount: number; heldCount: number }>(leasesSql),
    sql.query<{ error: string | null }>("select min(error) as error from kafka.shipped"),
    readReaders(sql),
  ]);
  const waiting = places.flatMap(({ lagMs }) => lagMs ?? []);
  // Also of partitions that have shipped nothing yet, which have no place.
  const lagging = await readLag(sql, { group: relayGroup, topics: relayed.map(({ topic }) => topic) });
  const lagCount = lagging.reduce((sum, place) => sum + place.lagCount, 0);
  const lagMs = waiting.length === 0 ? null : Math.max(...waiting);
  return { relay: { ...leases!, lagCount, lagMs, error: shipped!.error }, readers };
}

/** Whether the database ever had to do with Kafka. */
export async function hasKafka(sql: Sql): Promise<boolean> {
  const [there] = await sql.query<{ isThere: boolean }>(`select to_regclass('kafka.lease') is not null as "isThere"`);
  return there?.isThere === true;
}

/** Hosts on which a relay ships, with how many partitions each has. */
export async function listRelayHosts(sql: Sql): Promise<{ host: string; partitionCount: number }[]> {
  if (!(await hasKafka(sql))) return [];
  return await sql.query(
    `select host, count(*) as "partitionCount" from kafka.lease where purpose = 'relay' and host is not null and expires_at > roost.now() group by host order by host`,
  );
}

const leasesSql = `select count(*) as "partitionCount", count(*) filter (where expires_at > roost.now()) as "heldCount" from kafka.lease where purpose = 'relay'`;

async function readGroupPlaces(sql: Sql, group: string): Promise<{ lagCount: number; lagMs: number | null }[]> {
  try {
    return (await getGroup(sql, group, { neededTopics: [] })).partitions;
  } catch (error) {
    // It has shipped nothing yet.
    if (toRoostError(error).code === "not_found") return [];
    throw error;
  }
}

async function readReaders(sql: Sql): Promise<KafkaStatus["readers"]> {
  const seen = await sql.query<{ group: string; topic: string; partition: number; end: number; error: string | null }>(
    `select group_name as "group", topic, partition, end_offset as "end", error from kafka.seen order by 1, 2, 3`,
  );
  const readers = [...Map.groupBy(seen, ({ group }) => group)].map(async ([group, ends]) => {
    const [offsets, letters] = await Promise.all([
      readForeignOffsets(sql, positionsOf(group)),
      listDeadLetters(sql, { group, limit: lettersCounted }),
    ]);
    const next = new Map(offsets.map(({ topic, partition, nextOffset }) => [`${topic}/${partition}`, nextOffset]));
    const lagCount = ends.reduce(
      (sum, { topic, partition, end }) => sum + Math.max(0, end - (next.get(`${topic}/${partition}`) ?? 0)),
      0,
    );
    const error = ends.find((each) => each.error !== null)?.error ?? null;
    return { group, lagCount, lagMs: null, error, deadLetterCount: letters.length };
  });
  return await Promise.all(readers);
}
