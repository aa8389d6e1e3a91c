export { openKafka, type Kafka } from "./client/open-kafka.ts";
export { consumeKafka, type ConsumeKafka } from "./consume/consume-kafka.ts";
export { ingest, ingestGroup } from "./consume/ingest.ts";
export type { ForeignEvent } from "./records.ts";
export { readKafkaSettings, type KafkaSettings } from "./kafka-settings.ts";
export { migrateKafka } from "./migrate-kafka.ts";
export { runRelay, type RunRelay } from "./relay/run-relay.ts";
