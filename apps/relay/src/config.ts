/** What the relay reads from its environment; nothing else in this app reads it. */
import { RoostError } from "@roost/base";
import { readKafkaSettings, type KafkaSettings } from "@roost/kafka";
import { readHomeConfig, type HomeConfig } from "@roost/models";

const own = {};

export interface RelayConfig extends HomeConfig<typeof own> {
  kafka: KafkaSettings;
  databaseUrl: string;
}

/** @throws RoostError `invalid_input`, naming every invalid variable */
export function readRelayConfig(environment: Record<string, string | undefined> = process.env): RelayConfig {
  const config = readHomeConfig(own, environment, { process: "relay" });
  const kafka = readKafkaSettings(environment);
  if (kafka === undefined)
    throw new RoostError("invalid_input", "No Kafka is given: set KAFKA_BROKERS (docs/kafka.md)");
  const { databaseUrl } = config;
  if (databaseUrl === undefined)
    throw new RoostError(
      "invalid_input",
      "No database is given: start everything with roost up, or set DATABASE_URL to run the relay alone",
    );
  return { ...config, kafka, databaseUrl };
}
