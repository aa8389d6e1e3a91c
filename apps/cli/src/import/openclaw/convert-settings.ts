/**
 * What openclaw.json says that roost.yaml can say too: the heartbeat, the time zone, and models that need no secret of that file. All else is named,
 * field by field, and a secret never. Pure.
 */
import type { OpenClawConfig } from "./read-config.ts";

export interface ConvertedSettings {
  /** Paths in roost.yaml, and what stands there. */
  settings: { path: readonly string[]; value: unknown }[];
  /** Fields there that have no place here, or another meaning. */
  left: string[];
}

type Fields = Record<string, unknown>;

export function convertSettings({ agents, models }: OpenClawConfig): ConvertedSettings {
  const converted: ConvertedSettings = { settings: [], left: [] };
  const { defaults = {} } = agents ?? {};
  const listed = [
    ...(agents?.list ?? []),
    ...Object.entries(agents?.entries ?? {}).map(([id, each]) => ({ ...each, id })),
  ];
  const main = listed.find(({ id, default: isDefault }) => id === "main" || isDefault === true);
  convertHeartbeat({ ...defaults.heartbeat, ...main?.heartbeat }, converted);
  for (const { id, heartbeat } of listed)
    if (heartbeat !== undefined && id !== main?.id)
      converted.left.push(`heartbeat of ${id}: one heartbeat beats here; write a job for this one`);
  const zone = (defaults as Fields)["userTimezone"];
  if (typeof zone === "string") converted.settings.push({ path: ["timeZone"], value: zone });
  convertModels(fieldsOf(models?.["providers"]), converted);
  const model = (defaults as Fields)["model"];
  const named = typeof model === "string" ? model : fieldsOf(model)["primary"];
  if (typeof named === "string")
    converted.left.push(`agents.defaults.model ${named}: the first of models is used here, others by name`);
  return converted;
}

/** Theirs → here, where a value means the same. */
const sameOfHeartbeat: Readonly<Record<string, string>> = {
  prompt: "prompt",
  ackMaxChars: "ackCharsMax",
  model: "model",
};

function convertHeartbeat(heartbeat: Fields, { settings, left }: ConvertedSettings): void {
  for (const [name, value] of Object.entries(heartbeat)) {
    const set = (field: string, here: unknown) => settings.push({ path: ["heartbeat", field], value: here });
    const same = sameOfHeartbeat[name];
    if (same !== undefined) set(same, value);
    else if (name === "every" && /^0[smhd]?$/.test(String(value))) set("enabled", false);
    else if (name === "every" && typeof value === "string") set("every", value);
    else if (name === "target" && value === "none") set("target", "none");
    else if (name === "activeHours") {
      const { start, end, timezone } = fieldsOf(value);
      set("activeHours", { start, end, ...(typeof timezone === "string" && zoneOf(timezone)) });
    } else left.push(`heartbeat.${name}: ${JSON.stringify(value)}`);
  }
}

/** Theirs may say "user" and "local": the home's own. */
function zoneOf(timezone: string): { timeZone?: string } {
  return timezone === "user" || timezone === "local" ? {} : { timeZone: timezone };
}

function convertModels(providers: Fields, { settings, left }: ConvertedSettings): void {
  const models: object[] = [];
  for (const [id, given] of Object.entries(providers)) {
    const { baseUrl, apiKey, api = "openai-completions", models: offered } = fieldsOf(given);
    const key = keyOf(apiKey);
    const why =
      api !== "openai-completions"
        ? `it speaks ${String(api)}`
        : typeof baseUrl !== "string"
          ? "it has no baseUrl"
          : key === "secret"
            ? "its key stays there: put it into a file or the environment, and name that as apiKey"
            : undefined;
    if (why !== undefined) left.push(`models.providers.${id}: ${why}`);
    else
      for (const each of Array.isArray(offered) ? offered.map(fieldsOf) : []) {
        const model = String(each["id"]);
        const { contextWindow, maxTokens } = each;
        models.push({
          kind: "openai-compatible",
          id: slug(`${id}-${model}`),
          model,
          baseUrl,
          ...(key !== undefined && { apiKey: key }),
          ...(typeof contextWindow === "number" && { contextTokensMax: contextWindow }),
          ...(typeof maxTokens === "number" && { outputTokensMax: maxTokens }),
        });
      }
  }
  if (models.length > 0) settings.push({ path: ["models"], value: models });
}

/** A name of the environment is a reference here too; what else stands there is the key itself, or kept by that program. */
function keyOf(apiKey: unknown): string | undefined {
  if (apiKey === undefined || apiKey === "") return undefined;
  const [, name] = /^\$\{([A-Z_][A-Z0-9_]*)\}$/.exec(typeof apiKey === "string" ? apiKey : "") ?? [];
  return name === undefined ? "secret" : `env:${name}`;
}

function slug(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 40);
}

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}
