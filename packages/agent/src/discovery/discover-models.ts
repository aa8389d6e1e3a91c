// Finds the model to use: what was configured, else a server on this machine, else nothing (rehearsal).
// The first find is the only one used: falling over from a private model to a paid one is for a person to configure.

import { RoostError } from "@roost/base";
import { openRouterUrl } from "../models/create-language-model.ts";
import type { ProviderConfig } from "../models/provider-config.ts";
import { localServerUrls } from "../models/local-server-urls.ts";
import { rehearsalProvider } from "../rehearsal/create-rehearsal-model.ts";
import type { TokenPrice } from "../usage/token-usage.ts";
import { createProbe, type Probe } from "../wire/probe.ts";
import { idsOf, probeConfigured, probeLlamaCpp, probeOllama } from "./probe-local-servers.ts";
import { smallContextNote } from "./small-contexts.ts";

/** From the environment; absent means undefined. */
export interface DiscoveryConfig {
  ROOST_MODEL_URL?: string | undefined;
  ROOST_MODEL_KEY?: string | undefined;
  ROOST_MODEL?: string | undefined;
  OPENROUTER_API_KEY?: string | undefined;
  OPENAI_API_KEY?: string | undefined;
}

export interface DiscoverModelsOptions {
  config: DiscoveryConfig;
  /** How servers are queried; default: HTTP with short time limits. */
  probe?: Probe;
  /** Names used when ROOST_MODEL is not set. */
  defaultModels?: Partial<typeof defaultModelNames>;
  localUrls?: Partial<typeof localServerUrls>;
  price?: TokenPrice | undefined;
  contextTokensMax?: number | undefined;
}

export interface Discovery {
  /** For openModels, in order; never empty. */
  providers: ProviderConfig[];
  source: "ROOST_MODEL_URL" | "OPENROUTER_API_KEY" | "OPENAI_API_KEY" | "ollama" | "llama.cpp" | "rehearsal";
  /** For the person: what was chosen and why, and anything unusual. */
  notes: string[];
}

const openAiUrl = "https://api.openai.com/v1";
export const defaultModelNames = { openrouter: "openrouter/auto", openai: "gpt-5-mini" };

/** @throws RoostError `invalid_input` for an invalid configuration; never because a server does not answer. */
export async function discoverModels(options: DiscoverModelsOptions): Promise<Discovery> {
  const { config } = options;
  const context: Context = {
    probe: options.probe ?? createProbe(),
    common: {
      // Over what a server tells, where they are given.
      ...(options.price === undefined ? {} : { price: options.price }),
      ...(options.contextTokensMax === undefined ? {} : { contextTokensMax: options.contextTokensMax }),
    },
  };
  const names = { ...defaultModelNames, ...options.defaultModels };
  if (isSet(config.ROOST_MODEL_URL)) return await configuredServer(options, context);
  const model = isSet(config.ROOST_MODEL) ? config.ROOST_MODEL : undefined;
  if (isSet(config.OPENROUTER_API_KEY)) {
    const name = model ?? names.openrouter;
    return found(
      "OPENROUTER_API_KEY",
      { kind: "openrouter", id: "openrouter", apiKey: config.OPENROUTER_API_KEY, model: name, ...context.common },
      [`${name} through OpenRouter (${openRouterUrl})`],
    );
  }
  if (isSet(config.OPENAI_API_KEY)) {
    const name = model ?? names.openai;
    const provider = { kind: "openai-compatible", id: "openai", baseUrl: openAiUrl, model: name } as const;
    return found("OPENAI_API_KEY", { ...provider, apiKey: config.OPENAI_API_KEY, ...context.common }, [
      `${name} at OpenAI`,
    ]);
  }
  return await localServer(options, context, model);
}

interface Context {
  probe: Probe;
  common: { price?: TokenPrice; contextTokensMax?: number };
}

async function localServer(
  options: DiscoverModelsOptions,
  context: Context,
  model: string | undefined,
): Promise<Discovery> {
  const urls = { ...localServerUrls, ...options.localUrls };
  const asked = { probe: context.probe, model };
  // Both at once, so that a machine without either waits for one time limit only.
  const [ollama, llamaCpp] = await Promise.all([probeOllama(urls.ollama, asked), probeLlamaCpp(urls.llamaCpp, asked)]);
  const notes: string[] = [];
  for (const [source, server] of [
    ["ollama", ollama],
    ["llama.cpp", llamaCpp],
  ] as const) {
    if (server === undefined) continue;
    if (server.model === undefined) {
      notes.push(...server.notes);
      continue;
    }
    const provider = {
      kind: "openai-compatible",
      id: source.replace(".", "-"),
      baseUrl: server.baseUrl,
      model: server.model,
      // A local model costs nothing per token.
      price: { inputUsd: 0, outputUsd: 0 },
      contextTokensMax: server.contextTokensMax,
      input: server.input,
      tools: server.tools,
    } as const;
    return found(source, { ...provider, ...context.common }, [...notes, ...server.notes]);
  }
  const why = "no model is configured and no model server was found: replies are rehearsed";
  return { providers: [rehearsalProvider()], source: "rehearsal", notes: [why, ...notes] };
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== "";
}

async function configuredServer(options: DiscoverModelsOptions, context: Context): Promise<Discovery> {
  const { ROOST_MODEL_URL: text = "", ROOST_MODEL_KEY: apiKey, ROOST_MODEL: model } = options.config;
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    // Written without its scheme, as browsers take it.
    const meant = /^[\w.-]+(:\d+)?(\/|$)/.test(text) && /[.:]/.test(text) ? `http://${text}` : undefined;
    throw new RoostError(
      "invalid_input",
      `ROOST_MODEL_URL is ${JSON.stringify(text)}; it must be an http or https URL such as ${meant ?? "http://127.0.0.1:11434/v1"}`,
    );
  }
  const baseUrl = text.replace(/\/+$/, "").replace(/\/chat\/completions$/, "");
  const auth: { apiKey?: string } = apiKey === undefined || apiKey === "" ? {} : { apiKey };
  const notes: string[] = [];
  let name = model === "" ? undefined : model;
  const list = await context.probe.json(`${baseUrl}/models`, auth);
  const listed = idsOf(list);
  if (name === undefined) {
    name = listed?.find((id) => !/embed|rerank|whisper|tts|moderation|dall-e/i.test(id)) ?? listed?.[0];
    if (name === undefined) {
      throw new RoostError(
        "invalid_input",
        list === undefined
          ? `${baseUrl}/models does not answer with a list of models, and ROOST_MODEL is not set; start the server, or set ROOST_MODEL to the model's name`
          : `ROOST_MODEL is not set and ${baseUrl}/models does not list a model; set ROOST_MODEL to the model's name`,
      );
    }
    notes.push(`ROOST_MODEL is not set; ${name} is the first of ${listed?.length ?? 0} that the server lists`);
  }
  if (new URL(baseUrl).hostname === "openrouter.ai" && auth.apiKey !== undefined) {
    // Its own package reads reasoning and cost.
    return found(
      "ROOST_MODEL_URL",
      { kind: "openrouter", id: "openrouter", baseUrl, model: name, apiKey: auth.apiKey, ...context.common },
      [`${name} through OpenRouter (${baseUrl})`, ...notes],
    );
  }
  const told = await probeConfigured(baseUrl, { probe: context.probe, list, model: name });
  return found(
    "ROOST_MODEL_URL",
    { kind: "openai-compatible", id: "model", baseUrl, model: name, ...auth, ...told, ...context.common },
    [`${name} at ${baseUrl}`, ...notes],
  );
}

function found(source: Discovery["source"], provider: ProviderConfig, notes: string[]): Discovery {
  // Ollama's notes say it with what to set there.
  const small = notes.some((note) => note.includes("too little")) ? undefined : smallContextNote(provider);
  return { providers: [provider], source, notes: small === undefined ? notes : [...notes, small] };
}
