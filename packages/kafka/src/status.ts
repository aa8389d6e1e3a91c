/** What a process that has no connection to Kafka asks: nothing of the client is loaded for it. */
export { kafkaVariables } from "./kafka-settings.ts";
export { migrateKafka } from "./migrate-kafka.ts";
export { hasKafka, listRelayHosts, readKafkaStatus, type KafkaLag, type KafkaStatus } from "./read-kafka-status.ts";
