/** The process between the log and Kafka: ships the log's events, and lets those of others in. Stops in order. */
import { createLogger, endLate, listenToSupervisor, RoostError, runProcess, systemClock } from "@roost/base";
import { exitCodeOf } from "@roost/contract/status-codes";
import { openDatabase } from "@roost/database";
import { consumeKafka, ingest, ingestGroup, migrateKafka, openKafka, runRelay, type KafkaSettings } from "@roost/kafka";
import { openKernel } from "@roost/kernel";
import { findPlace } from "@roost/memory";
import { readRelayConfig } from "./config.ts";

const poolMax = 8;
/** How long an orderly stop may take. What was acknowledged is committed. */
const stopMsMax = 3_000;

async function main(): Promise<void> {
  const { stop, ready } = listenToSupervisor();
  const config = readRelayConfig();
  const write = (line: string) => void process.stderr.write(line);
  const level = config.ROOST_LOG_LEVEL;
  const logger = createLogger({ level, clock: systemClock, write }).child({ process: "relay", pid: process.pid });
  const { kafka: settings } = config;
  const place = await findPlace(config, "relay");
  const isElsewhere = place.host !== undefined;
  if (isElsewhere) refuseIngest(settings);
  const opened = { url: place.databaseUrl, poolMax, applicationName: "roost relay", logger };
  await using database = await openDatabase(opened).catch(place.explain);
  await place.refuse(database);
  // On a joined host it appends nothing, so it registers nothing.
  await using kernel = await openKernel({ database, logger, ...(isElsewhere && { events: [] }) });
  await using home = await place.hold(kernel);
  if (!isElsewhere) await migrateKafka(database);
  await using kafka = openKafka(settings, { logger });
  // One client for each direction: a read that waits for records must not hold what is shipped.
  await using reading = openKafka(settings, { logger });
  const signal = AbortSignal.any([stop, home.refused]);
  endLate(signal, stopMsMax, exitCodeOf);
  ready({});
  const running = [runRelay({ kernel, kafka, settings, log: home.id, host: place.host, signal, logger })];
  const { ingest: foreign, ingestLogs } = settings;
  if (foreign.length + ingestLogs.length > 0)
    running.push(
      consumeKafka({
        kernel,
        kafka: reading,
        group: ingestGroup,
        topics: [...foreign, ...ingestLogs],
        logTopics: ingestLogs,
        deadLetterTopic: `${settings.topicPrefix}dead-letters`,
        onFailure: "set-aside",
        handle: ingest,
        ownLog: home.id,
        signal,
        logger,
      }),
    );
  await Promise.all(running);
  home.refused.throwIfAborted();
}

/** @throws RoostError `invalid_input`: the login of a joined host writes no event */
function refuseIngest({ ingest: foreign, ingestLogs }: KafkaSettings): void {
  if (foreign.length + ingestLogs.length === 0) return;
  throw new RoostError(
    "invalid_input",
    "KAFKA_INGEST and KAFKA_INGEST_LOGS are of the home: a relay on a joined host ships what the log has, and lets nothing in. Unset them here",
  );
}

await runProcess(main, exitCodeOf);
