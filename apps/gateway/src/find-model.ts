/** Which model the workers use, told the way the status shows it. */
import { probeContexts, tellSmallContexts, type ProviderConfig } from "@roost/agent";
import { RoostError, systemClock, toRoostError, type Logger } from "@roost/base";
import { nameCharsMax, reasonCharsMax, type ModelCheck } from "@roost/contract/operations";
import type { Kernel } from "@roost/kernel";
import { onlyModels } from "@roost/jobs";
import { resolveProviders, type Settings } from "@roost/memory/settings";
import { checkModels, createModelCheck, createModelNames, decideModel, openModelDecisions } from "@roost/models";
import type { GatewayConfig } from "./config.ts";

/** The model in use, as decided at the start. */
export interface ModelFacts {
  mode: "live" | "rehearsal";
  provider: string | null;
  name: string | null;
  reason: string | null;
}

const smallContext = /(?:its context|the context of \S+) is (?:assumed to be )?\d+ .*? restart Roost/g;

/** For the start: its name, and the contexts that are too small. Null in a rehearsal. */
export function tellModel({ mode, name, provider, reason }: ModelFacts): string | null {
  if (mode !== "live") return null;
  const hints = (reason ?? "").match(smallContext) ?? [];
  return [`${name} (${provider})`, ...hints].join("; ");
}

export interface FoundModel {
  facts: ModelFacts;
  /** For calls that are passed on; none where they cannot be used. */
  providers: readonly ProviderConfig[];
  /** What a person should fix now; null when no problem is known. */
  findProblem: () => Promise<string | null>;
  /** Asks each of them for one token. */
  checkModels: () => Promise<ModelCheck[]>;
  /** The names by which jobs and agents may ask for one; undefined in a rehearsal. */
  modelNames: ReturnType<typeof createModelNames>;
}

/** Settings override the environment, which is resolved once for the whole home. */
export async function findModel(
  kernel: Kernel,
  config: GatewayConfig,
  { settings, logger, isHome }: { settings: Settings; logger: Logger; isHome: boolean },
): Promise<FoundModel> {
  if (settings.models?.[0] !== undefined) return findConfigured(kernel, config, { settings, logger });
  await openModelDecisions(kernel);
  const deciding = decideModel(kernel, { config, startId: config.ROOST_START, logger });
  // The home has decided; without the key a gateway elsewhere passes no calls on, and serves all else.
  const decided = await (isHome ? deciding : deciding.catch(toRoostError));
  if (decided instanceof RoostError) return withoutModel(decided.message);
  const { mode, source, name, providers, notes, problem } = decided;
  const reason = notes.join("; ").slice(0, reasonCharsMax);
  if (mode === "rehearsal")
    return {
      facts: { mode, provider: null, name: null, reason },
      providers: [],
      findProblem: async () => problem,
      checkModels: async () => [],
      modelNames: async () => undefined,
    };
  const facts = { mode, provider: source, name: (name ?? "").slice(0, nameCharsMax), reason };
  return { facts, ...createChecks(providers, { kernel, logger }) };
}

function withoutModel(problem: string): FoundModel {
  const facts = { mode: "live", provider: null, name: null, reason: problem.slice(0, reasonCharsMax) } as const;
  const none = { providers: [], checkModels: async () => [], modelNames: async () => undefined };
  return { facts, ...none, findProblem: async () => problem };
}

type Checks = Omit<FoundModel, "facts">;

function createChecks(providers: ProviderConfig[], { kernel, logger }: { kernel: Kernel; logger: Logger }): Checks {
  const { clock } = kernel;
  let checking: Promise<ModelCheck[]> | undefined;
  return {
    providers,
    findProblem: createModelCheck(providers, clock),
    checkModels: () =>
      (checking ??= checkModels(kernel, providers, { clock: systemClock, logger })
        .then((checked) => checked.map((each) => ({ ...each, text: each.text.slice(0, reasonCharsMax) })))
        .finally(() => (checking = undefined))),
    modelNames: createModelNames(providers, clock),
  };
}

async function findConfigured(
  kernel: Kernel,
  config: GatewayConfig,
  { settings, logger }: { settings: Settings; logger: Logger },
): Promise<FoundModel> {
  const [first] = settings.models ?? [];
  const told = { mode: "live", provider: first?.id ?? null, name: first?.model ?? null } as const;
  const whereSet = "set under models in roost.yaml";
  try {
    const resolved = await resolveProviders(settings, { homeDir: config.homeDir, env: config.environment });
    const providers = await probeContexts(resolved);
    const reason = [whereSet, ...tellSmallContexts(providers)].join("; ").slice(0, reasonCharsMax);
    return { facts: { ...told, reason }, ...createChecks(providers, { kernel, logger }) };
  } catch (error) {
    const { message } = toRoostError(error);
    const names = (settings.models ?? []).flatMap(({ id, model }) => [id, model]);
    const none = { providers: [], checkModels: async () => [], modelNames: async () => onlyModels(names) };
    return { facts: { ...told, reason: whereSet }, ...none, findProblem: async () => message };
  }
}
