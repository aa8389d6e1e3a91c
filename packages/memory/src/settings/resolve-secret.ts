/** Resolves references to secrets in settings, in memory only. */
import { RoostError, toRoostError } from "@roost/base";
import { SecretReference } from "@roost/contract/operations";
import { readSecret, secretBytesMax, type SecretSources } from "./read-secret.ts";
import type { ProviderSettings, Settings } from "./settings.ts";

/** What a reference stands for: one line. @throws RoostError `invalid_input` when there is none; never shows a value */
export async function resolveSecret(reference: string, sources: SecretSources): Promise<string> {
  const value = (await readSecret(reference, sources)).trim();
  if (value !== "") return inOneLine(reference, value);
  throw new RoostError(
    "invalid_input",
    `${reference} is empty: it must hold the secret alone, 1 to ${secretBytesMax} bytes`,
  );
}

/** Why this machine has no such secret; undefined: it has. */
export async function whyUnresolved(reference: string, sources: SecretSources): Promise<string | undefined> {
  return await resolveSecret(reference, sources).then(
    () => undefined,
    (error: unknown) => toRoostError(error).message,
  );
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

export function resolveProviders(settings: Settings, sources: SecretSources): Promise<ResolvedProvider[]> {
  return Promise.all((settings.models ?? []).map((provider) => resolveProvider(provider, sources)));
}

async function resolveProvider(provider: ProviderSettings, sources: SecretSources): Promise<ResolvedProvider> {
  const { apiKey, silenceMax: silenceMsMax, ...rest } = provider;
  const headers = provider.kind === "openai-compatible" ? provider.headers : undefined;
  const resolved = {
    ...rest,
    silenceMsMax,
    apiKey: apiKey && (await resolveSecret(apiKey, sources)),
    ...(headers && { headers: await resolveReferences(headers, sources) }),
  };
  return withoutUndefined(resolved) as ResolvedProvider;
}

/** The values of which are references, resolved; other texts are themselves. */
export async function resolveReferences(
  values: Readonly<Record<string, string>>,
  sources: SecretSources,
): Promise<Record<string, string>> {
  const resolve = async ([name, value]: [string, string]) =>
    [name, isReference(value) ? await resolveSecret(value, sources) : value] as const;
  return Object.fromEntries(await Promise.all(Object.entries(values).map(resolve)));
}

/** References that workers resolve: of models, their tools and what they look at; not of channels and notices, which the gateway sends. */
export function secretsOfWorkers({ channels: _channels, notify: _notify, ...settings }: Settings): string[] {
  return referencesIn(settings);
}

/** Those that a gateway elsewhere resolves: of models, for `/v1` and vectors, and of mailboxes that it tries; not of what workers alone run. */
export function secretsOfGateways({
  channels: _channels,
  notify: _notify,
  mcp: _mcp,
  hooks: _hooks,
  exec: _exec,
  ...settings
}: Settings): string[] {
  return referencesIn(settings);
}

function referencesIn(settings: object): string[] {
  const found = new Set<string>();
  const collect = (value: unknown): void => {
    if (typeof value === "string" && isReference(value)) found.add(value);
    else if (typeof value === "object" && value !== null) Object.values(value).forEach(collect);
  };
  collect(settings);
  return [...found].toSorted();
}

function isReference(value: string): boolean {
  return SecretReference.safeParse(value).success;
}

function withoutUndefined(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined));
}
