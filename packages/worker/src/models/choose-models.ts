/**
 * Which models a run uses. All runs share one list of providers, tried in order; a job, or else its agent, may name a provider or model, which then
 * comes first; an agent's own fallbacks follow, then the rest of the list. All choices share cool-downs and what was learnt of servers.
 */
import {
  createListedPrices,
  createMemoryCoolDowns,
  createMendMemory,
  createPatientFetch,
  openModels,
  type CallQueue,
  type CoolDownStore,
  type Models,
  type ProviderConfig,
} from "@roost/agent";
import type { Clock, Logger } from "@roost/base";
import type { AgentDefinition } from "@roost/contract/operations";
import type { Run } from "@roost/kernel";
import type { Settings } from "@roost/memory/settings";

export type ModelsFor = (run: Pick<Run, "input" | "sessionKind">, agent: AgentDefinition) => Models;

export interface ChooseModelsOptions {
  /** As configured, in the order in which they are tried. */
  providers: ProviderConfig[];
  settings: Pick<Settings, "heartbeat">;
  clock: Clock;
  logger: Logger;
  /** Default: those of this process. */
  coolDowns?: CoolDownStore | undefined;
  /** Default: calls do not wait for each other. */
  queue?: CallQueue | undefined;
  /** Opens models from providers in the chosen order. Default: real ones. */
  open?: (providers: ProviderConfig[]) => Models;
}

/** Choices kept open; further ones are opened each time. */
const choicesMax = 64;

export function createModelsFor(options: ChooseModelsOptions): ModelsFor {
  const { settings, clock, logger, queue, coolDowns = createMemoryCoolDowns() } = options;
  const shared = {
    clock,
    logger,
    coolDowns,
    queue,
    mendMemory: createMendMemory(),
    listedPrices: createListedPrices(),
    patientFetch: createPatientFetch(),
  };
  const open = options.open ?? ((providers: ProviderConfig[]) => openModels({ providers, ...shared }));
  const usual = open(options.providers);
  const opened = new Map<string, Models>();
  return (run, agent) => {
    const names = namesOf(run, agent, settings);
    if (names.length === 0) return usual;
    const choice = JSON.stringify(names);
    const known = opened.get(choice);
    if (known !== undefined) return known;
    const models = open(preferModels(options.providers, names));
    if (opened.size < choicesMax) opened.set(choice, models);
    return models;
  };
}

/** Fallbacks go with the model of their agent alone. */
function namesOf(
  run: Parameters<ModelsFor>[0],
  agent: AgentDefinition,
  settings: ChooseModelsOptions["settings"],
): string[] {
  const ofRun = run.input["model"];
  if (typeof ofRun === "string" && ofRun !== "") return [ofRun];
  const ofHeartbeat = run.sessionKind === "heartbeat" ? settings.heartbeat.model : undefined;
  if (ofHeartbeat !== undefined) return [ofHeartbeat];
  return agent.model === undefined ? [] : [agent.model, ...(agent.fallbacks ?? [])];
}

/** Those of each name in turn, then the others. */
export function preferModels(providers: ProviderConfig[], names: readonly string[]): ProviderConfig[] {
  const preferred = names.flatMap((name) => namedBy(providers, name));
  return [...new Map([...preferred, ...providers].map((each) => [each.id, each])).values()];
}

/**
 * A name is a provider's id, or a model that a provider is configured with; any other name is a model requested from the servers in their order,
 * until one knows it. Its price is unknown: token caps bind it, money caps only as far as the provider reports cost.
 */
function namedBy(providers: ProviderConfig[], name: string): ProviderConfig[] {
  const named = providers.find(({ id }) => id === name) ?? providers.find((each) => modelOf(each) === name);
  if (named !== undefined) return [named];
  return providers.flatMap((each): ProviderConfig[] => {
    if (each.kind === "language-model") return [];
    const { price: _, contextTokensMax: __, ...connection } = each;
    return [{ ...connection, id: `${each.id}:${name}`, model: name }];
  });
}

function modelOf(provider: ProviderConfig): string {
  return provider.kind === "language-model" ? provider.languageModel.modelId : provider.model;
}
