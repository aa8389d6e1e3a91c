/**
 * What a gateway does beside its answers where the home is: applies its settings and definitions and what changes of them, watches its files, runs a
 * scheduler, its channels and what goes out.
 */
import { hostname } from "node:os";
import type { Supervised } from "@roost/base";
import type { KnownNames } from "@roost/jobs";
import { runScheduler, setBudgets, setRetention, type SchedulerLoop } from "@roost/kernel";
import { createMemoryLoops, keepAppliedSettings, watchHome, type Memory } from "@roost/memory";
import { budgetCaps, type Settings } from "@roost/memory/settings";
import { enableServices, servicesChannel } from "@roost/service";
import { createHomeLoops } from "@roost/worker/home-loops";
import { applyHomeAgents } from "./apply-home-agents.ts";
import { applyHomeJobs } from "./apply-home-jobs.ts";
import { createFilesKeeper } from "./create-files-keeper.ts";
import { createSettingsTeller } from "./create-settings-teller.ts";
import type { FoundModel } from "./find-model.ts";
import { createModelLoop } from "./notices/create-model-loop.ts";
import { createNoticeLoop, webhookOutlet } from "./notices/create-notice-loop.ts";
import { createPushLoops } from "./notices/create-push-loops.ts";
import { findWebhook } from "./notices/find-webhook.ts";
import { openChannels, type OpenedChannels } from "./open-channels.ts";
import { openTokenLoop, type Token } from "./security/open-token.ts";

/** What a gateway does beside its answers. */
export interface HomeKeeper {
  /** What of the definitions could not be applied. */
  notices: readonly string[];
  /** Names of the chat channels that are on. */
  channels: () => readonly string[];
  /** Takes up what of roost.yaml needs no restart. */
  applyAtOnce: () => Promise<void>;
  /** The settings of the start, with what was applied since. */
  inForce: () => Settings;
  /** A person has vouched for a file. */
  onTrusted: () => void;
  /** Until aborted. */
  run(given: { model: Pick<FoundModel, "facts" | "findProblem">; signal: AbortSignal }): Promise<void>;
}

export interface KeepHomeOptions {
  homeId: string;
  known: KnownNames;
  supervised: Pick<Supervised, "tellServices" | "askForRestart">;
  environment: NodeJS.ProcessEnv;
  /** Of which gateways elsewhere are told. */
  token: Token;
}

/** Of a file that a person has vouched for, at this gateway or at another one on the home's directory. */
const trustedChannel = "trusted";

export async function keepHome(memory: Memory, options: KeepHomeOptions): Promise<HomeKeeper> {
  const { kernel } = memory;
  const { homeId, known, supervised, environment, token } = options;
  await enableServices(kernel.database, { names: memory.settings.services, homeId });
  const channels = await openChannels(memory, environment);
  await applySettings(memory);
  const tokenLoop = await openTokenLoop(kernel, token);
  const apply = () => applyHome(memory, known);
  const notices = await apply();
  const keeper = createFilesKeeper(kernel, { homeDir: memory.homeDir, apply, said: notices });
  const teller = createSettingsTeller(memory, {
    async applyServices(names, settingsText) {
      await enableServices(kernel.database, { names, homeId });
      await keepAppliedSettings({ ...memory, settingsText });
      // Services bring agents.
      keeper.hint({ isAnew: true });
      kernel.wakeups.wake(servicesChannel);
      supervised.tellServices(names.length > 0);
    },
    applyChannels: channels.apply,
    applyBudgets: (settings) => setBudgets(kernel, { caps: budgetCaps(settings) }),
    restart: supervised.askForRestart,
    environment,
  });
  const look = (isAnew: boolean) => {
    teller.hint();
    keeper.hint({ isAnew });
  };
  return {
    notices,
    channels: channels.names,
    applyAtOnce: teller.look,
    inForce: teller.inForce,
    onTrusted: () => kernel.wakeups.wake(trustedChannel),
    async run({ model, signal }) {
      using _trusted = kernel.wakeups.subscribe(trustedChannel, () => look(true));
      const loops = [...createLoops(memory, { model, channels, environment, signal }), tokenLoop];
      await Promise.all([
        channels.run(signal),
        runScheduler(kernel, { loops, signal, host: hostname(), pid: process.pid }),
        watchHome(memory, { signal, onScan: () => look(false) }),
      ]);
    },
  };
}

/** Stores the settings that the database keeps. */
async function applySettings(memory: Memory): Promise<void> {
  const { kernel, settings, timeZone } = memory;
  await setBudgets(kernel, { caps: budgetCaps(settings), timeZone });
  const { topics, runs, ticks } = settings.retention;
  await setRetention(kernel, { topics, runsMs: runs, ticksMs: ticks });
  await keepAppliedSettings(memory);
}

/** Agents first: a job's run begins with the version that its agent has. */
async function applyHome(memory: Memory, known: KnownNames): Promise<string[]> {
  return [...(await applyHomeAgents(memory, known)), ...(await applyHomeJobs(memory, known))];
}

interface LoopsOptions extends Pick<KeepHomeOptions, "environment"> {
  model: Pick<FoundModel, "facts" | "findProblem">;
  channels: OpenedChannels;
  signal: AbortSignal;
}

function createLoops(memory: Memory, { model, channels, environment, signal }: LoopsOptions): SchedulerLoop[] {
  const { kernel, timeZone } = memory;
  const { facts, findProblem } = model;
  // What is rehearsed is not sent.
  const webhook = facts.mode === "rehearsal" ? undefined : findWebhook(memory, environment);
  const outlets = [
    webhookOutlet(webhook, { isDefault: () => !channels.outlets.some((each) => each.isDefault()) }),
    ...channels.outlets,
  ];
  return [
    ...createHomeLoops(kernel),
    ...createMemoryLoops(memory, { signal }),
    createModelLoop(kernel, { findProblem, timeZone }),
    ...outlets.map((outlet) => createNoticeLoop(kernel, { outlet, timeZone, signal })),
    ...(facts.mode === "rehearsal" ? [] : createPushLoops(kernel, { homeDir: memory.homeDir, timeZone, signal })),
  ];
}
