/** Resolves references to secrets in settings, in memory only. */
import { readFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { RoostError } from "@roost/base";
import type { ProviderSettings, Settings } from "./settings.ts";

export interface SecretSources {
  /** The environment of the process, from its config. */
  env: Readonly<Record<string, string | undefined>>;
  homeDir: string;
}

const secretBytesMax = 16_384;

/** Resolves `env:NAME` or `file:PATH`. @throws RoostError `invalid_input` when there is none; never shows a value */
export function resolveSecret(reference: string, sources: SecretSources): string {
  const [kind, ...rest] = reference.split(":");
  const name = rest.join(":");
  if (kind === "env") {
    const value = sources.env[name]?.trim();
    if (value === undefined || value === "") {
      throw new RoostError(
        "invalid_input",
        `${reference}: the environment has no ${name}: set it, or change ${reference} in roost.yaml`,
      );
    }
    return inOneLine(reference, value);
  }
  if (kind !== "file") throw new RoostError("invalid_input", "a secret is written as env:NAME or file:PATH");
  const path = isAbsolute(name) ? name : join(sources.homeDir, name);
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw new RoostError(
      "invalid_input",
      `${reference}: ${path} cannot be read: ${(cause as NodeJS.ErrnoException).code}`,
      { cause },
    );
  }
  const value = bytes.toString("utf8").trim();
  if (value === "" || bytes.length > secretBytesMax) {
    throw new RoostError(
      "invalid_input",
      `${reference}: ${path} must hold the secret alone, 1 to ${secretBytesMax} bytes`,
    );
  }
  return inOneLine(reference, value);
}

/** What HTTP takes as the value of a header; errors of others quote what it does not take. */
function inOneLine(reference: string, value: string): string {
  if (!/[^\x20-\x7e]/.test(value)) return value;
  throw new RoostError("invalid_input", `${reference} must be one line of printable ASCII characters, without a tab`);
}

/** A provider of the settings with its secrets resolved, as `openModels` of `@roost/agent` takes it. */
export type ResolvedProvider<Provider = ProviderSettings> = Provider extends { kind: "openrouter" }
  ? Defined<Omit<Provider, "apiKey" | "silenceMax">> & { apiKey: string; silenceMsMax?: number }
  : Defined<Omit<Provider, "silenceMax">> & { silenceMsMax?: number };
type Defined<T> = { [Key in keyof T]: Exclude<T[Key], undefined> };

export function resolveProviders(settings: Settings, sources: SecretSources): ResolvedProvider[] {
  return (settings.models ?? []).map((provider) => {
    const { apiKey, silenceMax: silenceMsMax, ...rest } = provider;
    const headers = provider.kind === "openai-compatible" ? provider.headers : undefined;
    const resolvedHeaders =
      headers &&
      Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [
          name,
          isReference(value) ? resolveSecret(value, sources) : value,
        ]),
      );
    const resolved = {
      ...rest,
      silenceMsMax,
      apiKey: apiKey && resolveSecret(apiKey, sources),
      ...(resolvedHeaders && { headers: resolvedHeaders }),
    };
    return withoutUndefined(resolved) as ResolvedProvider;
  });
}

function isReference(value: string): boolean {
  return value.startsWith("env:") || value.startsWith("file:");
}

function withoutUndefined(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined));
}
