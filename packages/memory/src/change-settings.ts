import type { Document } from "yaml";
import { rewriteHomeFile } from "./files/rewrite-home-file.ts";
import type { Memory } from "./memory.ts";
import { changeSettingsText } from "./settings/change-settings-text.ts";
import { settingsFile } from "./settings/read-settings.ts";

/**
 * Changes roost.yaml for a person; comments stay. What it says counts when it is applied.
 * @throws RoostError `invalid_input` when the file, or what would stand in it, is no settings; `conflict` when it changed meanwhile
 */
export async function changeSettings(
  memory: Memory,
  change: (document: Document) => void,
  { by }: { by: string },
): Promise<void> {
  await rewriteHomeFile(memory, {
    path: settingsFile,
    by,
    rewrite: (text) => changeSettingsText(text, settingsFile, change),
  });
}
