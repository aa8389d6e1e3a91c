/** Models as `models:` of roost.yaml names them: read, added and removed, with the key of each in a file of its own. Calls none. */
import { isDeepStrictEqual } from "node:util";
import { dropSecret, keepSecret, RoostError } from "@roost/base";
import type { ConfiguredModelRecord, NewModel } from "@roost/contract/operations";
import { changeSettings, findHomeFile, type Memory } from "@roost/memory";
import { parseSettings, settingsFile, type ProviderSettings } from "@roost/memory/settings";
import { isSeq, YAMLSeq, type Document } from "yaml";

const openAiUrl = "https://api.openai.com/v1";
const modelsMax = 50;

/** As they are written now, whatever is in force. @throws RoostError `invalid_input` when roost.yaml is no settings */
export async function readConfiguredModels(memory: Memory): Promise<ConfiguredModelRecord[]> {
  const file = await findHomeFile(memory, settingsFile, { as: { kind: "main" } });
  const { models = [] } = parseSettings(file?.text ?? "", settingsFile);
  const inForce = memory.settings.models ?? [];
  return models.map((model) => ({
    id: model.id,
    kind: model.kind,
    model: model.model,
    baseUrl: model.baseUrl === undefined ? null : withoutUser(model.baseUrl),
    key: model.apiKey ?? null,
    isApplied: inForce.some((one) => isDeepStrictEqual(one, model)),
  }));
}

/** An address may hold a password. */
function withoutUser(address: string): string {
  const url = new URL(address);
  url.username = url.password = url.search = "";
  return url.href;
}

export function addressOf({ kind, baseUrl }: Pick<NewModel, "kind" | "baseUrl">): string | undefined {
  return (
    baseUrl?.replace(/\/+$/, "").replace(/\/chat\/completions$/, "") ?? (kind === "openrouter" ? undefined : openAiUrl)
  );
}

/** @throws RoostError `conflict` for an id that is taken, `limit_exceeded` */
export async function addConfiguredModel(
  memory: Memory,
  { id: wished, ...model }: NewModel & { id?: string | undefined },
  { by }: { by: string },
): Promise<ConfiguredModelRecord> {
  const before = await readConfiguredModels(memory);
  if (before.length >= modelsMax)
    throw new RoostError("limit_exceeded", `${settingsFile} names ${modelsMax} models already: remove one first`);
  const taken = new Set(before.map((each) => each.id));
  if (wished !== undefined && taken.has(wished))
    throw new RoostError("conflict", `There is a model with the id ${wished}: remove it first, or choose another id`);
  const id = wished ?? freeId(nameOf(model), taken);
  if (model.kind === "openrouter" && model.key === undefined && model.keyRef === undefined)
    throw new RoostError("invalid_input", "OpenRouter takes no call without a key: give one");
  // A file of its own, not named by the id alone: another may add one with this id at the same time, and only one of the two is kept.
  const file = `model-${id}-${memory.kernel.createId().slice(-8)}-key` as const;
  const key = model.key === undefined ? model.keyRef : await keepSecret(memory.homeDir, file, model.key);
  try {
    await changeSettings(memory, (document) => insert(document, toSettings(id, model, key)), { by });
  } catch (error) {
    if (model.key !== undefined && key !== undefined) await dropSecret(memory.homeDir, key);
    throw error;
  }
  return requireModel(await readConfiguredModels(memory), id);
}

/** @throws RoostError `not_found` */
export async function removeConfiguredModel(
  memory: Memory,
  id: string,
  { by }: { by: string },
): Promise<ConfiguredModelRecord> {
  const removed = requireModel(await readConfiguredModels(memory), id);
  await changeSettings(
    memory,
    (document) => {
      const models = document.get("models");
      if (!isSeq(models)) return;
      const place = (models.toJS(document) as { id?: unknown }[]).findIndex((each) => each.id === id);
      if (models.items.length === 1) document.delete("models");
      else if (place >= 0) models.delete(place);
    },
    { by },
  );
  // Another model may have been added with the same key.
  const isShared = (await readConfiguredModels(memory)).some(({ key }) => key === removed.key);
  if (removed.key !== null && !isShared) await dropSecret(memory.homeDir, removed.key);
  return removed;
}

function requireModel(models: readonly ConfiguredModelRecord[], id: string): ConfiguredModelRecord {
  const found = models.find((each) => each.id === id);
  if (found === undefined) throw new RoostError("not_found", `${settingsFile} names no model with the id ${id}`);
  return found;
}

function toSettings(id: string, given: NewModel, apiKey: string | undefined): Partial<ProviderSettings> {
  const { kind, model, contextTokensMax, tools, isFree } = given;
  const baseUrl = addressOf(given);
  return {
    kind,
    id,
    ...(baseUrl === undefined ? {} : { baseUrl }),
    model,
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(contextTokensMax === undefined ? {} : { contextTokensMax }),
    ...(tools === undefined ? {} : { tools }),
    ...(isFree ? { price: { inputUsd: 0, outputUsd: 0 } } : {}),
  };
}

function insert(document: Document, model: Partial<ProviderSettings>): void {
  const found = document.get("models");
  const models = isSeq(found) ? found : new YAMLSeq();
  if ((models.toJS(document) as { id?: unknown }[]).some(({ id }) => id === model.id))
    throw new RoostError("conflict", `A model with the id ${model.id} was added at the same time: choose another id`);
  models.items.unshift(document.createNode(model, { flow: true }));
  if (!isSeq(found)) document.set("models", models);
}

/** Of its server: `openrouter`, `ollama`, `api-groq-com`. */
function nameOf({ kind, baseUrl }: NewModel): string {
  if (kind === "openrouter") return "openrouter";
  if (baseUrl === null) return "openai";
  const { hostname, port } = new URL(baseUrl);
  const local: Readonly<Record<string, string>> = { 11434: "ollama", 8080: "llama-cpp", 1234: "lm-studio" };
  const isLocal = hostname === "127.0.0.1" || hostname === "localhost";
  const name = (isLocal ? local[port] : undefined) ?? hostname.replaceAll(/[^a-z0-9]+/g, "-").replaceAll(/^-|-$/g, "");
  return name.slice(0, 40) || "model";
}

function freeId(name: string, taken: ReadonlySet<string>): string {
  for (let count = 1; ; count += 1) {
    const id = count === 1 ? name : `${name}-${count}`;
    if (!taken.has(id)) return id;
  }
}
