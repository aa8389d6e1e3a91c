/** How long history is kept: topics by segments, runs by months, ticks. Dropping is in segments.ts and sweeps. */
import { writeDurationMs, type Logger, RoostError, toRoostError } from "@roost/base";
import type { Database } from "@roost/database";
import { readTopics } from "./topics.ts";

export interface Retention {
  /** By topic. A topic that is no longer named is kept for ever. */
  topics?: Readonly<Record<string, number>> | undefined;
  /** Ended runs with their steps, by month of their end. Default: for ever. */
  runsMs?: number | undefined;
  /** Default: for ever. */
  ticksMs?: number | undefined;
}

/** What it needs of a kernel. */
interface LogPlace {
  database: Database;
  logger: Logger;
}

/** Offsets per segment of a topic with retention: small ones expire sooner. */
const segmentSizeMax = 10_000;
const retentionMsMin = 1_000;

/** Replaces the settings. Repeating it changes nothing. @throws RoostError `invalid_input` for an unknown topic */
export async function setRetention(log: LogPlace, retention: Retention): Promise<void> {
  const topics = Object.entries(retention.topics ?? {});
  const known = await readTopics(log.database);
  for (const [name, ms] of topics) {
    if (!known.has(name))
      throw new RoostError(
        "invalid_input",
        `retention names the topic "${name}": the topics are ${[...known.keys()].join(", ")}`,
      );
    refuseShort(`retention of topic "${name}"`, ms);
  }
  if (retention.runsMs !== undefined) refuseShort("retention of runs", retention.runsMs);
  if (retention.ticksMs !== undefined) refuseShort("retention of ticks", retention.ticksMs);
  await log.database.transact(async (tx) => {
    const [before] = await tx.query<{ topics: string[] }>("select topics from roost.retention for update");
    await tx.query(
      `update roost.topic t set retention_ms = n.ms from unnest($1::text[], $2::bigint[]) as n(name, ms)
       where t.name = n.name and t.retention_ms is distinct from n.ms`,
      [topics.map(([name]) => name), topics.map(([, ms]) => ms)],
    );
    await tx.query("update roost.topic set retention_ms = null where name = any($1) and not name = any($2)", [
      before?.topics ?? [],
      topics.map(([name]) => name),
    ]);
    await tx.query("update roost.retention set topics = $1, runs_ms = $2, ticks_ms = $3", [
      topics.map(([name]) => name),
      retention.runsMs ?? null,
      retention.ticksMs ?? null,
    ]);
  });
  for (const [name] of topics) if (known.get(name)!.segmentSize > segmentSizeMax) await cut(log, name);
}

/** Makes dropping finer and loses nothing, so a busy topic is cut at the next start. */
async function cut({ database, logger }: LogPlace, topic: string): Promise<void> {
  try {
    await database.transact(async (tx) => {
      await tx.query("select roost.cut_topic_1($1, $2)", [topic, segmentSizeMax]);
    });
  } catch (thrown) {
    const error = toRoostError(thrown);
    if (error.code !== "timeout") throw error;
    logger.info("a topic is busy; its segments are made smaller at the next start", { topic });
  }
}

function refuseShort(what: string, ms: number): void {
  if (Number.isInteger(ms) && ms >= retentionMsMin) return;
  throw new RoostError(
    "invalid_input",
    `${what} is ${writeDurationMs(ms)}: give at least ${writeDurationMs(retentionMsMin)}, or leave it out to keep everything`,
  );
}
