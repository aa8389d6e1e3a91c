/**
 * What a gateway does beside its answers on a joined host: it follows the settings as they are recorded. What is to be done for the home (ticks, notices,
 * channels, definitions) its own host does, and schedulers that were let in as such.
 */
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { sleepUntilAborted, toRoostError, type Supervised } from "@roost/base";
import { channelNames } from "@roost/contract/operations";
import { whySettingsHeld, type Memory } from "@roost/memory";
import {
  parseSettings,
  readSettingsText,
  secretsOfGateways,
  settingsFile,
  whyUnresolved,
  type Settings,
} from "@roost/memory/settings";
import { changedSettings, forPerson, settledMs } from "./create-settings-teller.ts";
import type { HomeKeeper } from "./keep-home.ts";

export interface FollowHomeOptions {
  supervised: Pick<Supervised, "askForAnother">;
  environment: NodeJS.ProcessEnv;
  /** So long settings stay as they are before this process starts anew with them: whoever edits them may save again. */
  settledMs?: number;
}

/** Without a wake-up the settings are looked at this often. */
const pollMs = 30_000;
/** What the home applies for all, at once or at a start of its own: a gateway elsewhere only tells of it. */
const ofHome: readonly (keyof Settings)[] = ["budgets", "channels", "services", "workers", "retention", "notify"];

export async function followHome(
  memory: Memory,
  { supervised, environment, settledMs: waitMs = settledMs }: FollowHomeOptions,
): Promise<HomeKeeper> {
  const { kernel, logger } = memory;
  let inForce = memory.settings;
  const path = join(memory.homeDir, settingsFile);
  let told: string | undefined;
  /** Undefined: nothing that is to be taken up. */
  const readChange = async (): Promise<{ text: string; now: Settings } | undefined> => {
    await memory.mirror?.refresh();
    const text = readSettingsText(path);
    if (text === told || (await whySettingsHeld(memory, text)) !== undefined) return undefined;
    // The home tells of settings that cannot be used.
    const now = await Promise.resolve()
      .then(() => parseSettings(text, path))
      .catch(() => undefined);
    return now === undefined || isDeepStrictEqual(now, inForce) ? undefined : { text, now };
  };
  const look = async (signal: AbortSignal) => {
    const seen = await readChange();
    if (seen === undefined || !(await sleepUntilAborted(waitMs, { signal }))) return;
    const change = await readChange();
    if (change?.text !== seen.text) return;
    const { now, text } = change;
    const rest = changedSettings(inForce, now).filter((name) => !ofHome.includes(name));
    // Those of the others are of a start that is yet to come.
    inForce = { ...now, ...Object.fromEntries(rest.map((name) => [name, inForce[name]])) };
    told = text;
    if (rest.length === 0) return;
    const names = rest.join(", ");
    if (rest.every((name) => name === forPerson) || !supervised.askForAnother())
      return logger.warn("The home's settings have changed: this gateway takes them up when it is started again", {
        names,
      });
    logger.info("The home's settings have changed: this gateway starts anew with them", { names });
  };
  return {
    notices: await tellMissing(memory, environment),
    // They run where the home is.
    channels: () => channelNames.filter((name) => inForce.channels[name] !== undefined),
    applyAtOnce: async () => undefined,
    inForce: () => inForce,
    // Only the home lets a person vouch.
    onTrusted: () => undefined,
    async run({ signal }) {
      using watch = kernel.wakeups.watch("log:home");
      while (!signal.aborted) {
        await look(signal).catch((error: unknown) =>
          logger.warn("the home's settings could not be read again", { error: toRoostError(error).message }),
        );
        await watch.next({ timeoutMs: pollMs, signal });
      }
    },
  };
}

/** Secrets that a gateway resolves and this machine has not: what needs them fails here alone. */
async function tellMissing({ settings, machineDir, logger }: Memory, env: NodeJS.ProcessEnv): Promise<string[]> {
  const missing: string[] = [];
  for (const reference of secretsOfGateways(settings)) {
    const problem = await whyUnresolved(reference, { homeDir: machineDir, env });
    if (problem !== undefined) missing.push(`This gateway lacks a secret: ${problem}`);
  }
  for (const line of missing) logger.warn(line);
  return missing;
}
