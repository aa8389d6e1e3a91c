/** The process between the log and Kafka: ships the log's events, and lets those of others in. Stops in order. */
import { createLogger, endLate, listenToSupervisor, runProcess, systemClock } from "@roost/base";
import { exitCodeOf } from "@roost/contract/status-codes";
import { openDatabase } from "@roost/database";
import { consumeKafka, ingest, ingestGroup, migrateKafka, openKafka, runRelay } from "@roost/kafka";
import { openKernel } from "@roost/kernel";
import { holdDatabase, refuseDatabaseOfAnother } from "@roost/memory";
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
  const { databaseUrl: url, homeDir, kafka: settings } = config;
  await using database = await openDatabase({ url, poolMax, applicationName: "roost relay", logger });
  await refuseDatabaseOfAnother(database, homeDir);
  await using kernel = await openKernel({ database, logger });
  await using home = await holdDatabase(kernel, homeDir);
  await migrateKafka(database);
  await using kafka = openKafka(settings, { logger });
  // One client for each direction: a read that waits for records must not hold what is shipped.
  await using reading = openKafka(settings, { logger });
  const signal = AbortSignal.any([stop, home.refused]);
  endLate(signal, stopMsMax);
  ready({});
  const running = [runRelay({ kernel, kafka, settings, log: home.id, signal, logger })];
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

await runProcess(main, exitCodeOf);
