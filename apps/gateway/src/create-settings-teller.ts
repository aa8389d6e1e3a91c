/**
 * roost.yaml is read at a process's start. Of its changes, which services and channels run and what may be spent apply at once. For others, made by
 * hand, the processes of this machine start anew; where they cannot, and for what the supervisor reads, it reports that they need a restart. It
 * reports an invalid file; one that is held the scan reports.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { sleepUntilAborted, toRoostError } from "@roost/base";
import { clipText, reasonCharsMax } from "@roost/contract/operations";
import { raiseNotice, rememberResult } from "@roost/kernel";
import { isEditedByHand, whySettingsHeld, type Memory } from "@roost/memory";
import {
  parseSettings,
  readSettingsText,
  settingsFile,
  type SecretSources,
  type Settings,
} from "@roost/memory/settings";
import { refuseUnusable } from "./setup/refuse-unusable.ts";

/** Several gateways of a home see a change at about the same time. */
const sameChangeMs = 60_000;
/** So long the file stays as it is before processes start anew with it: whoever edits it may save again. */
export const settledMs = 3_000;
/** The scan that saw the file, and the look that applies it, are not at the same millisecond. */
const lookAgainMs = settledMs + 100;

/** Read by the supervisor alone. */
const forSupervisor: keyof Settings = "workers";
/** Decides where others find a gateway: a mistake would lock them out, so that whatever changes with it waits for a person. */
export const forPerson: keyof Settings = "listen";

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
  /** Starts the processes of this machine anew; undefined without a supervisor. */
  restart: (() => void) | undefined;
  /** Of secrets that the settings name. */
  environment: SecretSources["env"];
}

export function createSettingsTeller(memory: Memory, options: SettingsTellerOptions): SettingsTeller {
  const { kernel, homeDir } = memory;
  const path = join(homeDir, settingsFile);
  let started = memory.settings;
  let told: string | undefined;
  let seen: { written: string; atMs: number } | undefined;

  const isSettled = (written: string): boolean => {
    const nowMs = kernel.clock.nowMs();
    if (seen !== undefined) return nowMs - seen.atMs >= settledMs;
    seen = { written, atMs: nowMs };
    void sleepUntilAborted(lookAgainMs, { keepAlive: false }).then(hint);
    return false;
  };
  const applyAtOnce = async ({ written, atOnce: { services, channels, budgets } }: Change) => {
    if (budgets !== undefined) {
      started = { ...started, budgets };
      await options.applyBudgets(started);
    }
    if (channels !== undefined) {
      started = { ...started, channels };
      await options.applyChannels(channels);
    }
    if (services !== undefined) {
      await options.applyServices(services, written);
      started = { ...started, services };
    }
  };
  const lookNow = async () => {
    const change = describeChange(path, started);
    const { written, atOnce, problem, names } = change;
    if (seen?.written !== written) seen = undefined;
    const isSame = problem === undefined && names.length === 0;
    if (isSame) told = undefined;
    if (isSame && Object.keys(atOnce).length === 0) return;
    if ((await whySettingsHeld(memory, written)) !== undefined) return;
    await applyAtOnce(change);
    const tells = isSame ? undefined : (problem ?? (await applyRest(memory, { change, options, isSettled })));
    if (tells === undefined || tells.text === told) return;
    const { text, level, restart } = tells;
    const key = createHash("sha256").update(text).digest("hex");
    await kernel.transact((tx) =>
      rememberResult(tx, { scope: "settings.changed", key, keepMs: sameChangeMs }, async () => {
        raiseNotice(tx, { level, text, source: "home" });
        return null;
      }),
    );
    told = text;
    restart?.();
  };
  let going: Promise<void> = Promise.resolve();
  const look = () => (going = going.catch(() => undefined).then(lookNow));
  const hint = () =>
    void look().catch((error: unknown) =>
      kernel.logger.warn("a change of the settings could not be applied or reported", { error }),
    );
  return { look, hint, inForce: () => started };
}

/** For what does not apply at once: what a person is told, and whether Roost starts anew. Undefined: nothing yet. */
async function applyRest(
  memory: Memory,
  {
    change: { written, names },
    options: { restart, environment },
    isSettled,
  }: { change: Change; options: SettingsTellerOptions; isSettled: (written: string) => boolean },
): Promise<Told | undefined> {
  const what = `${settingsFile} changed (${names.join(", ")})`;
  const whenRestarted: Told = { level: "warning", text: `${what}: restart to apply it (roost down, roost up)` };
  const waits = names.includes(forPerson) || names.every((name) => name === forSupervisor);
  if (restart === undefined || waits) return whenRestarted;
  const isByHand = await isEditedByHand(memory, { path: settingsFile, text: written });
  // What a command changes, a command applies: it may be about to change more.
  if (isByHand === false) return whenRestarted;
  if (isByHand === undefined || !isSettled(written)) return undefined;
  try {
    await refuseUnusable(written, { homeDir: memory.homeDir, env: environment });
  } catch (error) {
    return { level: "warning", text: clipText(toRoostError(error).message, reasonCharsMax) };
  }
  const rest = names.includes(forSupervisor) ? `; ${forSupervisor} after roost down and roost up` : "";
  const text = `${what}: Roost starts anew to apply it, and runs go on where they were${rest}`;
  return { level: "info", text, restart };
}

interface Told {
  level: "info" | "warning";
  text: string;
  restart?: () => void;
}

interface Change {
  /** What was read, empty when it could not be. */
  written: string;
  /** What applies at once, where it is another than before. */
  atOnce: Partial<Pick<Settings, "services" | "channels" | "budgets">>;
  /** The other keys that are not as before. */
  names: string[];
  /** The file cannot be used. */
  problem?: Told;
}

function describeChange(path: string, started: Settings): Change {
  let written = "";
  let now: Settings;
  try {
    written = readSettingsText(path);
    now = parseSettings(written, path);
  } catch (error) {
    const why = clipText(toRoostError(error).message, reasonCharsMax);
    const text = `${settingsFile} is invalid: ${why}. Roost keeps the settings of its start, but would not start again with these`;
    return { written, atOnce: {}, names: [], problem: { level: "warning", text } };
  }
  const changed = changedSettings(started, now);
  const atOnce: Change["atOnce"] = {
    ...(changed.includes("services") ? { services: now.services } : {}),
    ...(changed.includes("channels") ? { channels: now.channels } : {}),
    ...(changed.includes("budgets") ? { budgets: now.budgets } : {}),
  };
  return { written, atOnce, names: changed.filter((name) => !(name in atOnce)) };
}

/** By their keys. */
export function changedSettings(before: Settings, now: Settings): (keyof Settings)[] {
  const names = Object.keys({ ...before, ...now }) as (keyof Settings)[];
  return names.filter((name) => !isDeepStrictEqual(before[name], now[name]));
}
