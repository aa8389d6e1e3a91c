/** roost.yaml is read at a process's start. Reports that it has changed and needs a restart, or that it is invalid; one that is held the scan reports. */
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
}

export function createSettingsTeller(memory: Memory): SettingsTeller {
  const { kernel, homeDir, settings: started } = memory;
  const path = join(homeDir, settingsFile);
  let told: string | undefined;
  const look = async () => {
    const { text, written } = describeChange(path, started);
    if (text === told || (text !== undefined && (await whySettingsHeld(memory, written)) !== undefined)) return;
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
  const hint = () =>
    void look().catch((error: unknown) =>
      kernel.logger.warn("a change of the settings could not be reported", { error }),
    );
  return { look, hint };
}

/** `written`: what was read, empty when it could not be. */
function describeChange(path: string, started: Settings): { written: string; text?: string } {
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
  const names = (Object.keys({ ...started, ...now }) as (keyof Settings)[]).filter(
    (name) => !isDeepStrictEqual(started[name], now[name]),
  );
  if (names.length === 0) return { written };
  const text = `${settingsFile} changed (${names.join(", ")}): restart to apply it (roost down, roost up)`;
  return { written, text };
}
