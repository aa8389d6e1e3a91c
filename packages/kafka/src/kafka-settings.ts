/** How Kafka is reached, from the environment of a process. Secrets are not in messages. */
import { readFileSync } from "node:fs";
import { RoostError } from "@roost/base";

export interface KafkaSettings {
  brokers: string[];
  /** Undefined: not encrypted. */
  tls: { ca?: string } | undefined;
  sasl: { mechanism: SaslMechanism; username: string; password: string } | undefined;
  /** Before the name of each topic. */
  topicPrefix: string;
  /** Undefined: three, or as many as there are brokers. */
  replicationFactor: number | undefined;
  /** Topics of the log that are relayed. Undefined: all. */
  topics: string[] | undefined;
  /** Topics of Kafka, by their full names, whose events enter the log. */
  ingest: string[];
  /** Those that only the relays of other Roosts may write: the places in their logs that records name are believed. */
  ingestLogs: string[];
}

const saslMechanisms = ["SCRAM-SHA-256", "SCRAM-SHA-512", "PLAIN"] as const;
export type SaslMechanism = (typeof saslMechanisms)[number];

export const kafkaVariables = [
  "KAFKA_BROKERS",
  "KAFKA_TLS",
  "KAFKA_CA_FILE",
  "KAFKA_USERNAME",
  "KAFKA_PASSWORD",
  "KAFKA_SASL_MECHANISM",
  "KAFKA_TOPIC_PREFIX",
  "KAFKA_REPLICATION_FACTOR",
  "KAFKA_TOPICS",
  "KAFKA_INGEST",
  "KAFKA_INGEST_LOGS",
] as const;

/** Undefined without KAFKA_BROKERS. @throws RoostError `invalid_input`, naming every invalid variable */
export function readKafkaSettings(environment: Record<string, string | undefined>): KafkaSettings | undefined {
  const read = (name: (typeof kafkaVariables)[number]) => environment[name]?.trim() || undefined;
  const list = (text: string | undefined) =>
    text
      ?.split(",")
      .map((each) => each.trim())
      .filter((each) => each !== "");
  const brokers = list(read("KAFKA_BROKERS"));
  if (brokers === undefined || brokers.length === 0) return undefined;
  const complaints: string[] = [];
  for (const broker of brokers)
    if (!/^(?:[\w.-]+|\[[\da-f:]+\]):\d{1,5}$/i.test(broker))
      complaints.push(`KAFKA_BROKERS has "${broker}": write host:port`);
  const [username, password] = [read("KAFKA_USERNAME"), read("KAFKA_PASSWORD")];
  if ((username === undefined) !== (password === undefined))
    complaints.push("give KAFKA_USERNAME and KAFKA_PASSWORD together");
  const mechanism = read("KAFKA_SASL_MECHANISM") ?? "SCRAM-SHA-256";
  if (!isMechanism(mechanism))
    complaints.push(`KAFKA_SASL_MECHANISM is "${mechanism}": give one of ${saslMechanisms.join(", ")}`);
  const topicPrefix = environment["KAFKA_TOPIC_PREFIX"]?.trim() ?? "roost.";
  if (!/^[\w.-]{0,100}$/.test(topicPrefix))
    complaints.push(`KAFKA_TOPIC_PREFIX is "${topicPrefix}": letters, digits, . _ and -, at most 100`);
  const factor = read("KAFKA_REPLICATION_FACTOR");
  const replicationFactor = factor === undefined ? undefined : Number(factor);
  if (
    replicationFactor !== undefined &&
    !(Number.isInteger(replicationFactor) && replicationFactor >= 1 && replicationFactor <= 15)
  )
    complaints.push(`KAFKA_REPLICATION_FACTOR is "${factor}": give a whole number from 1 to 15`);
  const [ingest, ingestLogs] = [list(read("KAFKA_INGEST")) ?? [], list(read("KAFKA_INGEST_LOGS")) ?? []];
  const both = ingest.filter((topic) => ingestLogs.includes(topic));
  if (both.length > 0)
    complaints.push(`KAFKA_INGEST and KAFKA_INGEST_LOGS both name ${both.join(", ")}: name each topic in one of them`);
  const tls = readTls(read("KAFKA_TLS"), read("KAFKA_CA_FILE"), complaints);
  if (complaints.length > 0) throw new RoostError("invalid_input", complaints.join("; "));
  return {
    brokers,
    tls,
    sasl: username === undefined ? undefined : { mechanism: mechanism as SaslMechanism, username, password: password! },
    topicPrefix,
    replicationFactor,
    topics: list(read("KAFKA_TOPICS")),
    ingest,
    ingestLogs,
  };
}

/** A file of an authority asks for TLS by itself. */
function readTls(wanted: string | undefined, file: string | undefined, complaints: string[]): KafkaSettings["tls"] {
  if (wanted !== undefined && wanted !== "true" && wanted !== "false")
    complaints.push(`KAFKA_TLS is "${wanted}": give true or false`);
  if (wanted === "false" || (wanted === undefined && file === undefined)) return undefined;
  if (file === undefined) return {};
  try {
    return { ca: readFileSync(file, "utf8") };
  } catch (error) {
    complaints.push(`KAFKA_CA_FILE cannot be read: ${(error as Error).message}`);
    return {};
  }
}

function isMechanism(text: string): text is SaslMechanism {
  return (saslMechanisms as readonly string[]).includes(text);
}
