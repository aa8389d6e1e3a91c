/**
 * One decision per start of a home: which model to use, or that Roost rehearses. Once it is recorded no process looks for a model itself, so that
 * what is announced is what happens. Knows no settings: models configured there need no decision.
 */
import {
  discoverModels,
  rehearsalProvider,
  type Discovery,
  type DiscoveryConfig,
  type ProviderConfig,
} from "@roost/agent";
import { RoostError, toRoostError, type Logger } from "@roost/base";
import { applyMigrations, readSchema } from "@roost/database";
import type { Kernel } from "@roost/kernel";

export interface ModelDecision {
  mode: "live" | "rehearsal";
  source: Discovery["source"];
  /** Name of the model; null in a rehearsal. */
  name: string | null;
  /** For openModels, with the keys of this process. */
  providers: ProviderConfig[];
  /** What was chosen and why. */
  notes: string[];
  /** What a person should fix: an invalid configuration. */
  problem: string | null;
}

export interface DecideModel {
  config: DiscoveryConfig;
  /** From the supervisor that started this process; without it the home's newest decision holds. */
  startId: string | undefined;
  logger: Logger;
  /** Default: checks the environment and this machine. */
  discover?: typeof discoverModels;
}

type Wired = Exclude<ProviderConfig, { kind: "language-model" }>;

interface DecisionRow {
  mode: "live" | "rehearsal";
  source: Discovery["source"];
  provider: (Omit<Wired, "apiKey"> & { hasKey: boolean }) | null;
  notes: string[];
  problem: string | null;
}

const schema = "models";
/** Starts that are remembered. */
const decisionsMax = 100;

export async function openModelDecisions(kernel: Kernel): Promise<void> {
  await applyMigrations(
    kernel.database,
    await readSchema({ schema, directory: new URL("./migrations/", import.meta.url) }),
  );
}

/**
 * @throws RoostError `invalid_input` when the recorded model needs a key or address that this process does not have: rehearsing instead would
 * contradict what was announced
 */
export async function decideModel(kernel: Kernel, options: DecideModel): Promise<ModelDecision> {
  const known = await readDecision(kernel, options.startId);
  if (known !== undefined) return toDecision(known, options.config);
  const found = await discover(options);
  const startId = options.startId ?? "alone";
  await kernel.database.query(
    `insert into models.decision (start_id, mode, source, provider, notes, problem) values ($1, $2, $3, $4, $5, $6)
     on conflict (start_id) do nothing`,
    [
      startId,
      found.mode,
      found.source,
      found.provider === null ? null : JSON.stringify(found.provider),
      JSON.stringify(found.notes),
      found.problem,
    ],
  );
  await kernel.database.query(
    `delete from models.decision where start_id in (select start_id from models.decision order by decided_at desc offset ${decisionsMax})`,
  );
  // Another process may have been first.
  return toDecision((await readDecision(kernel, startId)) ?? found, options.config);
}

async function readDecision(kernel: Kernel, startId: string | undefined): Promise<DecisionRow | undefined> {
  const [row] = await kernel.database.query<DecisionRow>(
    `select mode, source, provider, notes, problem from models.decision
     where $1::text is null or start_id = $1 order by decided_at desc limit 1`,
    [startId ?? null],
  );
  return row;
}

/** An invalid configuration is reported, and Roost rehearses. */
async function discover({ config, logger, discover: look = discoverModels }: DecideModel): Promise<DecisionRow> {
  try {
    const { providers, source, notes } = await look({ config });
    const [provider] = providers;
    if (provider === undefined || provider.kind === "language-model")
      return { mode: "rehearsal", source: "rehearsal", provider: null, notes, problem: null };
    const { apiKey, ...rest } = provider;
    const hasKey = apiKey !== undefined;
    return {
      mode: "live",
      source,
      // A custom address may hold a password.
      provider: source === "ROOST_MODEL_URL" ? { ...withoutAddress(rest), hasKey } : { ...rest, hasKey },
      notes: notes.map((note) => withoutAddressOf(note, config)),
      problem: null,
    };
  } catch (error) {
    const problem = `The configured model cannot be used: ${withoutAddressOf(toRoostError(error).message, config)}`;
    logger.warn("The configured model cannot be used", { error: problem });
    return { mode: "rehearsal", source: "rehearsal", provider: null, notes: [problem], problem };
  }
}

function withoutAddress(provider: Omit<Wired, "apiKey">): Omit<Wired, "apiKey"> {
  const { baseUrl: _address, ...rest } = provider as { baseUrl?: string } & Omit<Wired, "apiKey">;
  return rest;
}

/** Hides user, password and query of an address. */
function withoutAddressOf(text: string, { ROOST_MODEL_URL: given = "" }: DiscoveryConfig): string {
  const written = given.replace(/\/+$/, "");
  if (written === "") return text;
  const url = URL.parse(written);
  const isWeb = url !== null && /^https?:$/.test(url.protocol);
  const shown = isWeb ? `${url.origin}${url.pathname}` : written.replace(/^.*@/, "").replace(/\?.*$/, "");
  return text.replaceAll(written, shown.replace(/\/+$/, ""));
}

function toDecision({ mode, source, provider, notes, problem }: DecisionRow, config: DiscoveryConfig): ModelDecision {
  const told = { source, notes, problem };
  if (mode === "rehearsal" || provider === null)
    return { ...told, mode: "rehearsal", name: null, providers: [rehearsalProvider()] };
  const { hasKey, ...rest } = provider;
  const apiKey = hasKey ? take(keyNameOf(source), config) : undefined;
  const baseUrl = source === "ROOST_MODEL_URL" ? { baseUrl: addressOf(config) } : {};
  const wired = { ...rest, ...baseUrl, ...(apiKey === undefined ? {} : { apiKey }) } as Wired;
  return { ...told, mode, name: wired.model, providers: [wired] };
}

function keyNameOf(source: Discovery["source"]): keyof DiscoveryConfig {
  return source === "OPENROUTER_API_KEY" || source === "OPENAI_API_KEY" ? source : "ROOST_MODEL_KEY";
}

function addressOf(config: DiscoveryConfig): string {
  return take("ROOST_MODEL_URL", config)
    .replace(/\/+$/, "")
    .replace(/\/chat\/completions$/, "");
}

function take(name: keyof DiscoveryConfig, config: DiscoveryConfig): string {
  const value = config[name];
  if (value !== undefined && value !== "") return value;
  throw new RoostError(
    "invalid_input",
    `this home uses a model of ${name}, which this process does not have: set ${name} here too`,
  );
}
