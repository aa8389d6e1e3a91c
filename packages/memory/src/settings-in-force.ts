/** The settings of a home as far as a person vouches for them: a marked roost.yaml is held, and what was applied before stays in force. */
import { join } from "node:path";
import { toRoostError, writeFileDurably } from "@roost/base";
import { whyHeld } from "./files/why-held.ts";
import type { HomeFiles } from "./memory.ts";
import { parseSettings, readSettingsText, settingsFile } from "./settings/read-settings.ts";
import type { Settings } from "./settings/settings.ts";

/** @throws RoostError `invalid_input` listing every mistake of the file */
export async function readSettingsInForce(home: HomeFiles): Promise<Settings> {
  const path = join(home.homeDir, settingsFile);
  const text = readSettingsText(path);
  if ((await whySettingsHeld(home, text)) === undefined) return parseSettings(text, path);
  // Before the first start that applied any: the defaults.
  return readApplied(home);
}

/** Remembers the settings of this start, for one at which they are held. */
export async function keepAppliedSettings(home: HomeFiles): Promise<void> {
  const text = readSettingsText(join(home.homeDir, settingsFile));
  if ((await whySettingsHeld(home, text)) !== undefined) return;
  await writeFileDurably(appliedPath(home), text === "" ? "{}\n" : text, { mode: 0o600 });
}

/** Why roost.yaml is not applied; undefined when it may be. */
export async function whySettingsHeld(home: HomeFiles, given?: string): Promise<string | undefined> {
  const text = given ?? readSettingsText(join(home.homeDir, settingsFile));
  return text === "" ? undefined : whyHeld(home, { path: settingsFile, text });
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
