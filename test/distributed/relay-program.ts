/** A relay as a process of its own, so that it can be stopped and killed: `relay-program.ts SETTINGS`, JSON. */
import { createLogger, systemClock } from "@roost/base";
import { openDatabase } from "@roost/database";
import { openKernel } from "@roost/kernel";
import { openKafka } from "../../packages/kafka/src/client/open-kafka.ts";
import type { KafkaSettings } from "../../packages/kafka/src/kafka-settings.ts";
import { runRelay } from "../../packages/kafka/src/relay/run-relay.ts";

export interface RelayProgram {
  url: string;
  settings: KafkaSettings;
  log: string;
  leaseMs: number;
}

const { url, settings, log, leaseMs } = JSON.parse(process.argv[2]!) as RelayProgram;
const logger = createLogger({ level: "warn", clock: systemClock, write: (line) => void process.stderr.write(line) });
await using database = await openDatabase({ url, applicationName: "relay", logger });
await using kernel = await openKernel({ database, logger, migrate: false, events: [] });
await using kafka = openKafka(settings, { logger });
process.stdout.write("ready\n");
await runRelay({ kernel, kafka, settings, log, logger, leaseMs, signal: new AbortController().signal });
