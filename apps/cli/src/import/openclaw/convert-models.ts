/**
 * The models of openclaw.json that need no secret of that file, in the order in which its agents try them, with their prices. All else is named, and a
 * secret never. Pure.
 */
import { jsonObjectOf } from "@roost/base";
import { slugOf } from "../found/slug-of.ts";
import type { AgentEntry, OpenClawConfig } from "./read-config.ts";

export type Fields = Record<string, unknown>;

export interface ConvertedModels {
  /** As `models` of roost.yaml has them: used in this order, the next when one fails. */
  models: Fields[];
  /** Ids here, by `provider/model` there. */
  ids: ReadonlyMap<string, string>;
  /** What has no place here. */
  left: string[];
}

export function convertModels({ agents, models: given }: OpenClawConfig): ConvertedModels {
  const left: string[] = [];
  const moved = new Map<string, Fields>();
  for (const [provider, fields] of Object.entries(jsonObjectOf(given?.["providers"])))
    addModelsOf(provider, jsonObjectOf(fields), { moved, left });
  const named = modelNamesOf(agents?.defaults);
  for (const name of named)
    if (!moved.has(name)) left.push(`agents.defaults.model ${name}: it is not among the models that come in`);
  const order = [...new Set([...named.filter((name) => moved.has(name)), ...moved.keys()])];
  return {
    models: order.map((name) => moved.get(name)!),
    ids: new Map([...moved].map(([name, { id }]) => [name, String(id)])),
    left,
  };
}

/** The models that an agent's own file names here, and what of its choice has no place. The first that comes in is its model. */
export function convertAgentModel(
  agent: Pick<AgentEntry, "id" | "model">,
  { ids }: ConvertedModels,
): { chosen: { model?: string | undefined; fallbacks?: string[] }; left: string[] } {
  const names = modelNamesOf(agent);
  const [model, ...fallbacks] = names.flatMap((name) => ids.get(name) ?? []);
  const others = model === undefined ? "so the agent uses the home's" : "so its others are used";
  const left = names
    .filter((name) => !ids.has(name))
    .map((name) => `model ${name}: it is not among the models that come in, ${others}`);
  return { chosen: { model, ...(fallbacks.length > 0 && { fallbacks: fallbacks.slice(0, fallbacksMax) }) }, left };
}

/** The most that an agent's file takes. */
const fallbacksMax = 10;

/** `"provider/model"`, or `{ primary, fallbacks }`: the preferred one first. */
function modelNamesOf(agent: { model?: unknown } | undefined): string[] {
  const model = agent?.model;
  const { primary, fallbacks = [] } = typeof model === "string" ? { primary: model } : jsonObjectOf(model);
  return [primary, ...(Array.isArray(fallbacks) ? fallbacks : [])].filter((name) => typeof name === "string");
}

function addModelsOf(
  provider: string,
  { baseUrl, apiKey, api = "openai-completions", models: offered }: Fields,
  { moved, left }: { moved: Map<string, Fields>; left: string[] },
): void {
  const key = keyOf(apiKey);
  const { username = "", password = "" } = URL.parse(String(baseUrl)) ?? {};
  const why =
    api !== "openai-completions"
      ? `it speaks ${String(api)}`
      : typeof baseUrl !== "string"
        ? "it has no baseUrl"
        : !/^https?:/i.test(baseUrl) || !URL.canParse(baseUrl)
          ? "its baseUrl is no address by itself: write the model into roost.yaml with one"
          : key === "secret" || username + password !== ""
            ? "its key stays there: put it into a file or the environment, and name that as apiKey"
            : undefined;
  if (why !== undefined) return void left.push(`models.providers.${provider}: ${why}`);
  const ids = new Set([...moved.values()].map(({ id }) => id));
  for (const each of Array.isArray(offered) ? offered.map(offeredOf) : []) {
    const model = each["id"];
    if (typeof model !== "string" || model === "") {
      left.push(`models.providers.${provider}: one of its models has no id`);
      continue;
    }
    const short = slug(`${provider}-${model}`);
    const id = short === "" || ids.has(short) ? slugOf(`${provider}/${model}`) : short;
    ids.add(id);
    const { contextWindow, maxTokens, cost } = each;
    moved.set(`${provider}/${model}`, {
      kind: "openai-compatible",
      id,
      model,
      baseUrl,
      ...(key !== undefined && { apiKey: key }),
      ...(isCount(contextWindow, 1_024) && { contextTokensMax: Math.floor(contextWindow) }),
      ...(isCount(maxTokens, 16) && { outputTokensMax: Math.min(Math.floor(maxTokens), outputTokensMax) }),
      ...priceOf(jsonObjectOf(cost)),
    });
  }
}

/** As a list of ids has them, too. */
function offeredOf(model: unknown): Fields {
  return typeof model === "string" ? { id: model } : jsonObjectOf(model);
}

/** The most that roost.yaml takes. */
const outputTokensMax = 1_000_000;

/** Less says there that it is not known. */
function isCount(value: unknown, min: number): value is number {
  return typeof value === "number" && value >= min;
}

/** Both count US dollars a million tokens. All zero: there it says that none is known. */
function priceOf({ input, output, cacheRead }: Fields): { price?: Fields } {
  if (
    typeof input !== "number" ||
    typeof output !== "number" ||
    (input === 0 && output === 0) ||
    Math.min(input, output) < 0
  )
    return {};
  const cached = typeof cacheRead === "number" && cacheRead > 0 ? { cachedInputUsd: cacheRead } : {};
  return { price: { inputUsd: input, outputUsd: output, ...cached } };
}

/** A name of the environment is a reference here too; what else stands there is the key itself, or kept by that program. */
function keyOf(apiKey: unknown): string | undefined {
  if (apiKey === undefined || apiKey === "") return undefined;
  const { source, id } = jsonObjectOf(apiKey);
  const written = source === "env" ? `\${${String(id)}}` : apiKey;
  const [, name] = /^\$\{([A-Z_][A-Z0-9_]*)\}$/.exec(typeof written === "string" ? written : "") ?? [];
  return name === undefined ? "secret" : `env:${name}`;
}

function slug(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 40);
}
