/**
 * roost.yaml is read at a process's start. Of its changes, which services and channels run and what may be spent apply at once; for others it reports
 * that they need a restart, or that the file is invalid; one that is held the scan reports.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { toRoostError } from "@roost/base";
import { clipText, reasonCharsMax } from "@roost/contract/operations";
import { raiseNotice, rememberResult } from "@roost/kernel";
import { whySettingsHeld, type Memory } from "@roost/memory";
import { parseSettings, readSettingsText, settingsFile, type Settings } from "@roost/memory/settings";

/** Several gateways of a home see a change at about the same time. */
const sameChangeMs = 60_000;

export interface SettingsTeller {
  /** Checks once; repeats a report only after a different state in between. */
  look(): Promise<void>;
  /** Checks soon. */
  hint(): void;
  /** Those of the start, with what was applied since. */
  inForce(): Settings;
}

export interface SettingsTellerOptions {
  /** The file names other services than before. */
  applyServices: (names: readonly string[], settingsText: string) => Promise<void>;
  /** The file has other channels than before. */
  applyChannels: (channels: Settings["channels"]) => Promise<void>;
  /** The file sets other caps than before. */
  applyBudgets: (settings: Settings) => Promise<void>;
}

export function createSettingsTeller(
  memory: Memory,
  { applyServices, applyChannels, applyBudgets }: SettingsTellerOptions,
): SettingsTeller {
  const { kernel, homeDir } = memory;
  const path = join(homeDir, settingsFile);
  let started = memory.settings;
  let told: string | undefined;
  const lookNow = async () => {
    const { text, written, services, channels, budgets } = describeChange(path, started);
    const isApplied = [services, channels, budgets].every((each) => each === undefined);
    if (isApplied && text === told) return;
    if (!(isApplied && text === undefined) && (await whySettingsHeld(memory, written)) !== undefined) return;
    if (budgets !== undefined) {
      started = { ...started, budgets };
      await applyBudgets(started);
    }
    if (channels !== undefined) {
      started = { ...started, channels };
      await applyChannels(channels);
    }
    if (services !== undefined) {
      await applyServices(services, written);
      started = { ...started, services };
    }
    if (text === told) return;
    if (text !== undefined) {
      const key = createHash("sha256").update(text).digest("hex");
      await kernel.transact((tx) =>
        rememberResult(tx, { scope: "settings.changed", key, keepMs: sameChangeMs }, async () => {
          raiseNotice(tx, { level: "warning", text, source: "home" });
          return null;
        }),
      );
    }
    told = text;
  };
  let going: Promise<void> = Promise.resolve();
  const look = () => (going = going.catch(() => undefined).then(lookNow));
  const hint = () =>
    void look().catch((error: unknown) =>
      kernel.logger.warn("a change of the settings could not be applied or reported", { error }),
    );
  return { look, hint, inForce: () => started };
}

/** What applies at once, where it is another than before. */
type AtOnce = Partial<Pick<Settings, "services" | "channels" | "budgets">>;

/** `written`: what was read, empty when it could not be. */
function describeChange(path: string, started: Settings): AtOnce & { written: string; text?: string } {
  let written = "";
  let now: Settings;
  try {
    written = readSettingsText(path);
    now = parseSettings(written, path);
  } catch (error) {
    const why = clipText(toRoostError(error).message, reasonCharsMax);
    const text = `${settingsFile} is invalid: ${why}. Roost keeps the settings of its start, but would not start again with these`;
    return { written, text };
  }
  const changed = (Object.keys({ ...started, ...now }) as (keyof Settings)[]).filter(
    (name) => !isDeepStrictEqual(started[name], now[name]),
  );
  const atOnce: AtOnce = {
    ...(changed.includes("services") ? { services: now.services } : {}),
    ...(changed.includes("channels") ? { channels: now.channels } : {}),
    ...(changed.includes("budgets") ? { budgets: now.budgets } : {}),
  };
  const names = changed.filter((name) => !(name in atOnce));
  if (names.length === 0) return { written, ...atOnce };
  const text = `${settingsFile} changed (${names.join(", ")}): restart to apply it (roost down, roost up)`;
  return { written, text, ...atOnce };
}
