/** The unit of this home, or of a command beside it, as this user's systemd or launchd has it. */
import { homedir } from "node:os";
import { join } from "node:path";
import type { CliContext } from "../cli-context.ts";
import { roostScript } from "../clone.ts";
import { openAutostart, type Autostart } from "./open-autostart.ts";
import { readStartSettings } from "./read-start-settings.ts";
import type { StartUnitOptions } from "./start-units.ts";

export async function openOwnAutostart(
  { config }: CliContext,
  unit: Pick<StartUnitOptions, "words" | "purpose"> = {},
): Promise<Autostart> {
  const { environment, homeDir } = config;
  const userDir = environment["HOME"] ?? homedir();
  return openAutostart({
    ...unit,
    platform: process.platform,
    environment,
    userId: process.getuid?.() ?? 0,
    homeDir,
    userDir,
    configDir: environment["XDG_CONFIG_HOME"] || join(userDir, ".config"),
    script: roostScript,
    settings: await readStartSettings(homeDir, environment),
  });
}
