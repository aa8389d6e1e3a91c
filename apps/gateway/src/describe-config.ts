/** The configuration in force, for `roost config`. Secrets, and values that may hold one, are only said to be set. */
import { SecretReference } from "@roost/contract/operations";
import { kafkaVariables } from "@roost/kafka/status";
import { writtenSettings, type Settings } from "@roost/memory/settings";
import type { GatewayConfig } from "./config.ts";
import type { ModelFacts } from "./find-model.ts";

export interface ConfigEntry {
  name: string;
  value: string | null;
  source: "default" | "environment" | "settings" | "detected";
  isSecret: boolean;
}

const environmentNames = [
  "ROOST_HOME",
  "ROOST_HOST",
  "ROOST_PORT",
  "ROOST_LOG_LEVEL",
  "ROOST_MODEL_URL",
  "ROOST_MODEL",
  "ROOST_MODEL_KEY",
  "OPENROUTER_API_KEY",
  "OPENAI_API_KEY",
  "ROOST_DATABASE_URL",
  "DATABASE_URL",
  "OTEL_EXPORTER_OTLP_ENDPOINT",
  "ROOST_TRACE_URL",
  "OBJECTS_URL",
  "OBJECTS_FROM_URL",
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_REGION",
  ...kafkaVariables,
] as const;
const secretNames = new Set<string>([
  "ROOST_MODEL_KEY",
  "OPENROUTER_API_KEY",
  "OPENAI_API_KEY",
  "ROOST_DATABASE_URL",
  "DATABASE_URL",
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "KAFKA_USERNAME",
  "KAFKA_PASSWORD",
]);
const urlNames = new Set<string>(["ROOST_MODEL_URL", "OTEL_EXPORTER_OTLP_ENDPOINT"]);
const valueCharsMax = 4_000;

export function describeConfig(config: GatewayConfig, settings: Settings, model: ModelFacts): ConfigEntry[] {
  const fromEnvironment = environmentNames.map((name): ConfigEntry => {
    if (name === "ROOST_DATABASE_URL" && isEmbedded(config))
      return { name, value: "embedded", source: "detected", isSecret: false };
    const given = config.environment[name] === "" ? undefined : config.environment[name];
    const isSecret = secretNames.has(name);
    const value = given ?? defaultOf(config, name);
    return {
      name,
      value:
        value === null
          ? null
          : isSecret
            ? hidden
            : (urlNames.has(name) ? withoutSecrets(value) : value).slice(0, valueCharsMax),
      source: given === undefined ? "default" : "environment",
      isSecret,
    };
  });
  const fromSettings = Object.entries(writtenSettings(settings)).map(([name, value]): ConfigEntry => ({
    name: `settings.${name}`,
    value: value === undefined ? null : JSON.stringify(value, hideSecrets).slice(0, valueCharsMax),
    source: "settings",
    isSecret: false,
  }));
  const detected: ConfigEntry = {
    name: "model",
    value: (model.name ?? "none: Roost rehearses").slice(0, valueCharsMax),
    source: "detected",
    isSecret: false,
  };
  return [...fromEnvironment, ...fromSettings, detected];
}

/** The supervisor passes the address of the home's own PostgreSQL on by that variable. */
function isEmbedded({ ROOST_START, DATABASE_URL }: GatewayConfig): boolean {
  return ROOST_START !== undefined && DATABASE_URL === undefined;
}

function defaultOf(config: GatewayConfig, name: string): string | null {
  if (name === "ROOST_HOME") return config.homeDir;
  const value = name in config ? config[name as keyof GatewayConfig] : undefined;
  return value === undefined ? null : String(value);
}

/** For JSON.stringify: headers may hold a key, addresses a password or a token in their path. */
function hideSecrets(name: string, value: unknown): unknown {
  if (name === "headers" && typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([header, text]) => [header, isReference(text) ? text : hidden]),
    );
  }
  if (name === "baseUrl" && typeof value === "string") return withoutSecrets(value);
  // The whole path of a webhook is secret.
  if (name === "url" && typeof value === "string") return URL.canParse(value) ? new URL(value).origin : hidden;
  return value;
}

function isReference(text: unknown): text is string {
  return SecretReference.safeParse(text).success;
}

/** Shown in place of a secret. */
const hidden = "(not shown)";

/** Removes possible secrets from an address: user, password, query values. */
function withoutSecrets(text: string): string {
  if (!URL.canParse(text)) return hidden;
  const url = new URL(text);
  url.username = "";
  url.password = "";
  for (const name of url.searchParams.keys()) url.searchParams.set(name, hidden);
  url.hash = "";
  return url.href;
}
