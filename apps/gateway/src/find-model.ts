/** Which model the workers use, told the way the status shows it. */
import type { ProviderConfig } from "@roost/agent";
import { systemClock, toRoostError, type Logger } from "@roost/base";
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

const smallContext = /its context is (?:assumed to be )?\d+ .*? restart Roost/;

/** For the start: its name, and whether its context is too small. Null in a rehearsal. */
export function tellModel({ mode, name, provider, reason }: ModelFacts): string | null {
  if (mode !== "live") return null;
  const hint = smallContext.exec(reason ?? "")?.[0];
  return `${name} (${provider})${hint === undefined ? "" : `; ${hint}`}`;
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
  { settings, logger }: { settings: Settings; logger: Logger },
): Promise<FoundModel> {
  const [configured] = settings.models ?? [];
  if (configured !== undefined) {
    const { id, model } = configured;
    const facts = { mode: "live", provider: id, name: model, reason: "set under models in roost.yaml" } as const;
    return { facts, ...(await checkSettings(kernel, config, { settings, logger })) };
  }
  await openModelDecisions(kernel);
  const { mode, source, name, providers, notes, problem } = await decideModel(kernel, {
    config,
    startId: config.ROOST_START,
    logger,
  });
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

async function checkSettings(
  kernel: Kernel,
  config: GatewayConfig,
  { settings, logger }: { settings: Settings; logger: Logger },
): Promise<Checks> {
  try {
    const providers = await resolveProviders(settings, { homeDir: config.homeDir, env: config.environment });
    return createChecks(providers, { kernel, logger });
  } catch (error) {
    const { message } = toRoostError(error);
    const names = (settings.models ?? []).flatMap(({ id, model }) => [id, model]);
    const none = { providers: [], checkModels: async () => [] };
    return { ...none, findProblem: async () => message, modelNames: async () => onlyModels(names) };
  }
}
