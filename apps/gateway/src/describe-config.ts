/** The configuration in force, for `roost config`. Secrets are said to be set, never shown. */
import type { Settings } from "@roost/memory/settings";
import type { GatewayConfig } from "./config.ts";
import type { ConfigEntry, ModelFacts } from "./gateway-context.ts";

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
  "DATABASE_URL",
  "OTEL_EXPORTER_OTLP_ENDPOINT",
] as const;
const secretNames = new Set<string>(["ROOST_MODEL_KEY", "OPENROUTER_API_KEY", "OPENAI_API_KEY", "DATABASE_URL"]);
const valueCharsMax = 4_000;

export function describeConfig(config: GatewayConfig, settings: Settings, model: ModelFacts): ConfigEntry[] {
  const fromEnvironment = environmentNames.map((name): ConfigEntry => {
    const given = config.environment[name];
    const isSecret = secretNames.has(name);
    const fallback =
      name === "ROOST_HOME" ? config.homeDir : name in config ? config[name as keyof GatewayConfig] : undefined;
    const value = given ?? (fallback === undefined ? null : String(fallback));
    return { name, value: isSecret ? null : value, source: given === undefined ? "default" : "environment", isSecret };
  });
  const fromSettings = Object.entries(settings).map(([name, value]): ConfigEntry => ({
    name: `settings.${name}`,
    value: value === undefined ? null : JSON.stringify(value).slice(0, valueCharsMax),
    source: "settings",
    isSecret: false,
  }));
  const detected: ConfigEntry = {
    name: "model",
    value: model.name ?? "none: Roost rehearses",
    source: "detected",
    isSecret: false,
  };
  return [...fromEnvironment, ...fromSettings, detected];
}
