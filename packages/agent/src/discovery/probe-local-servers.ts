// Recognizes an Ollama, llama.cpp or LM Studio server on this machine by answers unique to them (their ports are also used by others), and chooses
// a model.
// tidy: three servers found in the same way.

import type { ModelInput } from "../models/model-input.ts";
import type { Probe } from "../wire/probe.ts";

export interface LocalServer {
  baseUrl: string;
  /** Undefined: the server is running but has no model. */
  model?: string | undefined;
  /** All that can chat, the chosen one first. */
  models: string[];
  contextTokensMax?: number | undefined;
  /** Where the server tells what the model takes. */
  input?: ModelInput[] | undefined;
  /** Where it cannot call them by itself. */
  tools?: "text" | undefined;
  notes: string[];
}

interface OllamaModel {
  name: string;
  modifiedAt: string;
}

/** Ollama's default for a model that is not loaded and sets nothing itself; longer prompts are cut without notice. */
const ollamaContextTokensDefault = 4096;
/** Models queried for their capabilities, newest first; more would slow the start. */
const ollamaModelsAskedMax = 8;

export async function probeOllama(
  url: string,
  options: { probe: Probe; model?: string | undefined },
): Promise<LocalServer | undefined> {
  const { probe } = options;
  const [version, tags, loaded] = await Promise.all([
    probe.json(`${url}/api/version`),
    probe.json(`${url}/api/tags`),
    probe.json(`${url}/api/ps`),
  ]);
  if (typeof field(version, "version") !== "string" || !Array.isArray(field(tags, "models"))) return undefined;
  const baseUrl = `${url}/v1`;
  const models = ollamaModels(tags);
  const running = ollamaModels(loaded);
  const candidates = [...running, ...models.filter((model) => !running.some((other) => other.name === model.name))];
  const wanted =
    options.model === undefined
      ? candidates.slice(0, ollamaModelsAskedMax)
      : candidates.filter((model) => sameOllamaModel(model.name, options.model!));
  if (wanted.length === 0) {
    const what =
      options.model === undefined
        ? "has no model; pull one, such as: ollama pull qwen3"
        : `has no model ${options.model}; pull it: ollama pull ${options.model}`;
    return { baseUrl, models: [], notes: [`Ollama at ${url} ${what}`] };
  }

  const shown = await Promise.all(
    wanted.map(async ({ name }) => ({ name, answer: await probe.json(`${url}/api/show`, { body: { model: name } }) })),
  );
  const thinking = shown.filter(({ answer }) => can(answer, "completion"));
  const chosen = thinking.find(({ answer }) => can(answer, "tools")) ?? thinking[0];
  if (chosen === undefined)
    return { baseUrl, models: [], notes: [`Ollama at ${url} has only models that cannot chat`] };
  const notes = [`${chosen.name} at Ollama (${url})`];
  const tools = can(chosen.answer, "tools") ? {} : { tools: "text" as const };
  if (tools.tools !== undefined) notes.push(`${chosen.name} cannot call tools: they are described to it as text`);
  const contextTokensMax =
    contextOfLoaded(loaded, chosen.name) ?? contextOfParameters(chosen.answer) ?? ollamaContextTokensDefault;
  if (contextTokensMax <= ollamaContextTokensDefault) {
    notes.push(
      `its context is assumed to be ${contextTokensMax} tokens, which is too little for an agent; start Ollama with OLLAMA_CONTEXT_LENGTH=32768, load the model, and restart Roost`,
    );
  }
  const tells = Array.isArray(field(chosen.answer, "capabilities"));
  const input: ModelInput[] = can(chosen.answer, "vision") ? ["text", "image"] : ["text"];
  const others = thinking.filter((each) => each !== chosen).map(({ name }) => name);
  return {
    baseUrl,
    model: chosen.name,
    models: [chosen.name, ...others],
    contextTokensMax,
    ...(tells ? { input, ...tools } : {}),
    notes,
  };
}

export async function probeLlamaCpp(
  url: string,
  options: { probe: Probe; model?: string | undefined },
): Promise<LocalServer | undefined> {
  const [props, list] = await Promise.all([options.probe.json(`${url}/props`), options.probe.json(`${url}/v1/models`)]);
  const settings = field(props, "default_generation_settings");
  const entries = field(list, "data");
  const isLlamaCpp =
    settings !== undefined ||
    (Array.isArray(entries) && entries.some((entry) => field(entry, "owned_by") === "llamacpp"));
  if (!isLlamaCpp || !Array.isArray(entries)) return undefined;
  const baseUrl = `${url}/v1`;
  const ids = idsOf(list) ?? [];
  const model = options.model !== undefined && ids.includes(options.model) ? options.model : ids[0];
  if (model === undefined) return { baseUrl, models: [], notes: [`llama.cpp at ${url} has no model loaded`] };
  const contextTokensMax = positive(field(settings, "n_ctx"));
  const vision = field(field(props, "modalities"), "vision");
  const takesTools = field(field(props, "chat_template_caps"), "supports_tools") !== false;
  return {
    baseUrl,
    model,
    models: [model, ...ids.filter((id) => id !== model)],
    contextTokensMax,
    input: typeof vision === "boolean" ? (vision ? ["text", "image"] : ["text"]) : undefined,
    tools: takesTools ? undefined : ("text" as const),
    notes: [`${model.split("/").at(-1) ?? model} at llama.cpp (${url})`],
  };
}

/** By its own list, which says what each model is and whether it is loaded; the list at `/v1` says neither. */
export async function probeLmStudio(url: string, { probe }: { probe: Probe }): Promise<LocalServer | undefined> {
  const entries = field(await probe.json(`${url}/api/v0/models`), "data");
  if (!Array.isArray(entries) || !entries.every((entry) => typeof field(entry, "type") === "string")) return undefined;
  const baseUrl = `${url}/v1`;
  const isLoaded = (entry: unknown) => field(entry, "state") === "loaded";
  const [first, ...rest] = entries
    .filter((entry) => /^(?:llm|vlm)$/.test(String(field(entry, "type"))) && typeof field(entry, "id") === "string")
    .toSorted((left, right) => Number(isLoaded(right)) - Number(isLoaded(left)));
  if (first === undefined)
    return { baseUrl, models: [], notes: [`LM Studio at ${url} has no model that can chat: download one there`] };
  const nameOf = (entry: unknown) => String(field(entry, "id"));
  const contextTokensMax = positive(field(first, "loaded_context_length"));
  return {
    baseUrl,
    model: nameOf(first),
    models: [first, ...rest].map(nameOf),
    contextTokensMax,
    input: field(first, "type") === "vlm" ? ["text", "image"] : ["text"],
    notes: [`${nameOf(first)} at LM Studio (${url})`],
  };
}

/** Where servers say how much a model reads: vLLM and SGLang, Groq, Together and Kimi, Mistral, LM Studio. */
const contextFields = ["max_model_len", "context_window", "context_length", "max_context_length"];

/** What a configured server tells of its model: `list` is its answer to /models. */
export async function probeConfigured(
  baseUrl: string,
  { list, ...options }: { probe: Probe; list: unknown; model: string },
): Promise<Pick<LocalServer, "contextTokensMax" | "input" | "tools">> {
  const entries = field(list, "data");
  const entry: unknown = Array.isArray(entries)
    ? (entries.find((each) => field(each, "id") === options.model) ?? onlyOfLlamaCpp(entries))
    : undefined;
  const listed = contextFields.map((name) => positive(field(entry, name))).find((tokens) => tokens !== undefined);
  if (listed !== undefined) return { contextTokensMax: listed };
  const url = baseUrl.replace(/\/v1$/, "");
  const owner = field(entry, "owned_by");
  const server =
    owner === "llamacpp"
      ? await probeLlamaCpp(url, options)
      : owner === "library" || new URL(url).port === "11434"
        ? await probeOllama(url, options)
        : undefined;
  if (server?.model === undefined) return {};
  const { contextTokensMax, input, tools } = server;
  return {
    contextTokensMax,
    input,
    tools,
  };
}

/** It answers by whatever name with the model that it has. */
function onlyOfLlamaCpp(entries: readonly unknown[]): unknown {
  return entries.length === 1 && field(entries[0], "owned_by") === "llamacpp" ? entries[0] : undefined;
}

/** The models of an OpenAI-compatible list; `owner` is what the server says of itself there, or empty. */
export function modelListOf(list: unknown): { id: string; owner: string }[] | undefined {
  const entries = field(list, "data");
  if (!Array.isArray(entries)) return undefined;
  return entries.flatMap((entry) => {
    const id = field(entry, "id");
    return typeof id === "string" ? [{ id, owner: String(field(entry, "owned_by") ?? "") }] : [];
  });
}

export function idsOf(list: unknown): string[] | undefined {
  return modelListOf(list)?.map(({ id }) => id);
}

/** Newest first. */
function ollamaModels(answer: unknown): OllamaModel[] {
  const models = field(answer, "models");
  if (!Array.isArray(models)) return [];
  return models
    .flatMap((entry) => {
      const name = field(entry, "name");
      return typeof name === "string" ? [{ name, modifiedAt: String(field(entry, "modified_at") ?? "") }] : [];
    })
    .toSorted((left, right) => right.modifiedAt.localeCompare(left.modifiedAt));
}

function sameOllamaModel(name: string, wanted: string): boolean {
  return name === wanted || name === `${wanted}:latest`;
}

/** Servers before 0.6 report no capabilities; then only the name can rule a model out. */
function can(answer: unknown, capability: "completion" | "tools" | "vision"): boolean {
  const capabilities = field(answer, "capabilities");
  if (Array.isArray(capabilities)) return capabilities.includes(capability);
  return (
    answer !== undefined &&
    capability === "completion" &&
    !String(field(field(answer, "details"), "family") ?? "").includes("bert")
  );
}

function contextOfLoaded(loaded: unknown, name: string): number | undefined {
  const models = field(loaded, "models");
  if (!Array.isArray(models)) return undefined;
  return positive(
    field(
      models.find((entry) => field(entry, "name") === name),
      "context_length",
    ),
  );
}

function contextOfParameters(answer: unknown): number | undefined {
  const parameters = field(answer, "parameters");
  return typeof parameters === "string" ? positive(Number(/^num_ctx\s+(\d+)/m.exec(parameters)?.[1])) : undefined;
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function positive(value: unknown): number | undefined {
  return typeof value === "number" && Number.isInteger(value) && value > 0 ? value : undefined;
}
