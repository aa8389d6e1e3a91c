/** The settings of a home as far as a person vouches for them: a marked roost.yaml is held, and what was applied before stays in force. */
import { join } from "node:path";
import { RoostError, toRoostError, writeFileDurably } from "@roost/base";
import { whyHeld } from "./files/why-held.ts";
import type { HomeFiles, Memory } from "./memory.ts";
import { parseSettings, readSettingsText, settingsFile } from "./settings/read-settings.ts";
import type { Settings } from "./settings/settings.ts";

/** @throws RoostError `invalid_input` listing every mistake of the file */
export async function readSettingsInForce(
  home: HomeFiles,
): Promise<{ settings: Settings; settingsText: string | undefined }> {
  const path = join(home.homeDir, settingsFile);
  const text = readSettingsText(path);
  if ((await whySettingsHeld(home, text)) === undefined)
    return { settings: parseSettings(text, path), settingsText: text };
  if (home.mirror !== undefined)
    throw new RoostError(
      "unavailable",
      `${settingsFile} of the home is held, and what was applied before is known to its own host alone: accept it there (roost files trust ${settingsFile})`,
    );
  // Before the first start that applied any: the defaults.
  return { settings: readApplied(home), settingsText: undefined };
}

/** Remembers the settings of this start, for one at which they are held. */
export async function keepAppliedSettings(memory: Memory): Promise<void> {
  const { settingsText: text } = memory;
  if (text === undefined || (await whySettingsHeld(memory, text)) !== undefined) return;
  await writeFileDurably(appliedPath(memory), text === "" ? "{}\n" : text, { mode: 0o600 });
}

/** Why a text of roost.yaml is not applied; undefined when it may be. */
export async function whySettingsHeld(home: HomeFiles, text: string): Promise<string | undefined> {
  return text === "" ? undefined : whyHeld(home, { path: settingsFile, text });
}

/** @throws RoostError `conflict` that says why the file is held, and what a person does about it */
export async function refuseHeldSettings(home: HomeFiles, text: string): Promise<void> {
  const held = await whySettingsHeld(home, text);
  if (held !== undefined) throw new RoostError("conflict", `${settingsFile} is not applied: ${held}`);
}

function readApplied(home: HomeFiles): Settings {
  const path = appliedPath(home);
  try {
    return parseSettings(readSettingsText(path), path);
  } catch (error) {
    home.logger.error("the settings that were applied last cannot be read: the defaults are in force", {
      path,
      error: toRoostError(error).message,
    });
    return parseSettings("", path);
  }
}

function appliedPath({ homeDir }: HomeFiles): string {
  return join(homeDir, ".roost", "applied-roost.yaml");
}
