/** What the relay reads from its environment; nothing else in this app reads it. */
import { RoostError } from "@roost/base";
import { readKafkaSettings, type KafkaSettings } from "@roost/kafka";
import { readHomeConfig, type HomeConfig } from "@roost/models";

const own = {};

export type RelayConfig = HomeConfig<typeof own> & { kafka: KafkaSettings };

/** @throws RoostError `invalid_input`, naming every invalid variable */
export function readRelayConfig(environment: Record<string, string | undefined> = process.env): RelayConfig {
  const config = readHomeConfig(own, environment, { process: "relay" });
  const kafka = readKafkaSettings(environment);
  if (kafka === undefined)
    throw new RoostError("invalid_input", "No Kafka is given: set KAFKA_BROKERS (docs/kafka.md)");
  return { ...config, kafka };
}
