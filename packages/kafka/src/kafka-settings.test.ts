import assert from "node:assert/strict";
import { test } from "node:test";
import { readKafkaSettings } from "./kafka-settings.ts";

test("readKafkaSettings() is undefined without brokers, and has defaults for the rest", () => {
  assert.equal(readKafkaSettings({}), undefined);
  assert.equal(readKafkaSettings({ KAFKA_BROKERS: " " }), undefined);
  assert.deepEqual(readKafkaSettings({ KAFKA_BROKERS: "a:9092, [::1]:9093" }), {
    brokers: ["a:9092", "[::1]:9093"],
    tls: undefined,
    sasl: undefined,
    topicPrefix: "roost.",
    replicationFactor: undefined,
    topics: undefined,
    ingest: [],
    ingestLogs: [],
  });
});

test("readKafkaSettings() names everything that is wrong, and no secret", () => {
  const wrong = {
    KAFKA_BROKERS: "broker",
    KAFKA_PASSWORD: "hunter2",
    KAFKA_SASL_MECHANISM: "GSSAPI",
    KAFKA_TLS: "yes",
    KAFKA_CA_FILE: "/nowhere/ca.pem",
    KAFKA_REPLICATION_FACTOR: "0",
    KAFKA_TOPIC_PREFIX: "a b",
    KAFKA_INGEST: "orders,stock",
    KAFKA_INGEST_LOGS: "orders",
  };
  assert.throws(
    () => readKafkaSettings(wrong),
    ({ message }: Error) => Object.keys(wrong).every((name) => message.includes(name)) && !message.includes("hunter2"),
  );
});
