/**
 * What openclaw.json says that roost.yaml can say too: the heartbeat, the time zone, and models that need no secret of that file. All else is named,
 * field by field, and a secret never. Pure.
 */
import { jsonObjectOf, writeDurationMs } from "@roost/base";
import { convertModels, type Fields } from "./convert-models.ts";
import { agentsOf, mainAgentOf, type OpenClawConfig } from "./read-config.ts";

export interface ConvertedSettings {
  /** Paths in roost.yaml, and what stands there. */
  settings: { path: readonly string[]; value: unknown }[];
  /** Fields there that have no place here, or another meaning. */
  left: string[];
  /** Whether the first agent has a heartbeat there. It has one unless that is turned off. */
  beats: boolean;
}

export function convertSettings(config: OpenClawConfig): ConvertedSettings {
  const { agents } = config;
  const converted: ConvertedSettings = { settings: [], left: [], beats: true };
  const { defaults = {} } = agents ?? {};
  const main = mainAgentOf(config);
  const moved = convertModels(config);
  convertHeartbeat({ ...defaults.heartbeat, ...main?.heartbeat }, converted, moved.ids);
  converted.beats = !converted.settings.some(
    ({ path, value }) => path.join(".") === "heartbeat.enabled" && value === false,
  );
  for (const { id, heartbeat } of agentsOf(config))
    if (heartbeat !== undefined && id !== main?.id)
      converted.left.push(`heartbeat of ${id}: one heartbeat beats here; write a job for this one`);
  const zone = (defaults as Fields)["userTimezone"];
  if (typeof zone === "string") converted.settings.push({ path: ["timeZone"], value: zone });
  if (moved.models.length > 0) converted.settings.push({ path: ["models"], value: moved.models });
  converted.left.push(...moved.left);
  return converted;
}

/** Theirs → here, where a value means the same. */
const sameOfHeartbeat: Readonly<Record<string, string>> = {
  prompt: "prompt",
  ackMaxChars: "ackCharsMax",
};

function convertHeartbeat(
  heartbeat: Fields,
  { settings, left }: ConvertedSettings,
  models: ReadonlyMap<string, string>,
): void {
  for (const [name, value] of Object.entries(heartbeat)) {
    const set = (field: string, here: unknown) => settings.push({ path: ["heartbeat", field], value: here });
    const same = sameOfHeartbeat[name];
    if (same !== undefined) set(same, value);
    else if (name === "model" && models.has(String(value))) set("model", models.get(String(value)));
    else if (name === "every" && /^0[smhd]?$/.test(String(value))) set("enabled", false);
    else if (name === "every" && /^\d+(\.\d+)?(ms|[smhd])?$/.test(String(value)))
      set("every", durationOf(String(value)));
    else if (name === "target" && value === "none") set("target", "none");
    else if (name === "activeHours") {
      const { start, end, timezone } = jsonObjectOf(value);
      set("activeHours", { start, end, ...(typeof timezone === "string" && zoneOf(timezone)) });
    } else left.push(`heartbeat.${name}: ${JSON.stringify(value)}`);
  }
}

const msOf: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A number without a unit counts minutes there. */
function durationOf(text: string): string {
  const unit = /[a-z]+$/.exec(text)?.[0] ?? "m";
  return writeDurationMs(Math.round(Number.parseFloat(text) * msOf[unit]!));
}

/** Theirs may say "user" and "local": the home's own. */
function zoneOf(timezone: string): { timeZone?: string } {
  return timezone === "user" || timezone === "local" ? {} : { timeZone: timezone };
}
