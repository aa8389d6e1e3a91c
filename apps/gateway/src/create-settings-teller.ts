/** roost.yaml is read when a process starts. That it was changed since, and what holds after a restart only, is said; so is a broken one. */
import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { toRoostError } from "@roost/base";
import { clipText, reasonCharsMax } from "@roost/contract/operations";
import { raiseNotice, rememberResult, type Kernel } from "@roost/kernel";
import { readSettings, settingsFile, type Settings } from "@roost/memory/settings";

/** Several gateways of a home see the same change at about the same time. */
const sameChangeMs = 60_000;

export interface SettingsTeller {
  /** Looks once, and says the same only when something else was there in between. */
  look(): Promise<void>;
  /** Looks soon. */
  hint(): void;
}

export function createSettingsTeller(kernel: Kernel, homeDir: string, started: Settings): SettingsTeller {
  let told: string | undefined;
  const look = async () => {
    const text = describeChange(homeDir, started);
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
  const hint = () =>
    void look().catch((error: unknown) => kernel.logger.warn("a change of the settings could not be told", { error }));
  return { look, hint };
}

function describeChange(homeDir: string, started: Settings): string | undefined {
  let now: Settings;
  try {
    now = readSettings(homeDir);
  } catch (error) {
    const why = clipText(toRoostError(error).message, reasonCharsMax);
    return `${settingsFile} cannot be used: ${why}. The home goes on with the settings of its start; it would not start again with these`;
  }
  const names = (Object.keys({ ...started, ...now }) as (keyof Settings)[]).filter(
    (name) => !isDeepStrictEqual(started[name], now[name]),
  );
  if (names.length === 0) return undefined;
  return `${settingsFile} was changed (${names.join(", ")}): it holds after a restart (roost down, npm start)`;
}
