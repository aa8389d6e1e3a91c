/** The worker's handler of agent runs with real contexts and durable steps, but simulated models and tools without effects. */
import type { ProviderConfig } from "@roost/agent";
import type { Clock, Logger } from "@roost/base";
import { createAgentOf } from "@roost/jobs";
import type { ClaimedRun, Kernel } from "@roost/kernel";
import type { Memory } from "@roost/memory";
import type { Telemetry } from "@roost/telemetry";
import { createAgentHandler, createModelsFor, createToolsFor, type RunHandler } from "@roost/worker";
import type { JobProfile } from "../profile/job-profile.ts";
import type { Agenda } from "./agenda.ts";
import type { TokenCounter } from "./token-counter.ts";
import { openSimulatedModels } from "./simulated-model.ts";
import { standInTools } from "./tool-stand-ins.ts";
import type { ShownSource } from "@roost/contract/operations";

export interface SimulatedHandlerOptions {
  kernel: Kernel;
  memory: Memory;
  telemetry: Telemetry;
  logger: Logger;
  clock: Clock;
  agenda: Agenda;
  counter: TokenCounter;
  /** In the workers' order. */
  providers: ProviderConfig[];
  profileOf: (run: ClaimedRun) => JobProfile;
  /** Filled as runs are played, by id. */
  measured: Map<string, MeasuredRun>;
}

export function createSimulatedHandler(options: SimulatedHandlerOptions): RunHandler {
  const { kernel, memory, telemetry, logger, clock, agenda, counter, providers, profileOf, measured } = options;
  const { settings } = memory;
  // There are no watchers.
  const unheard: Kernel = { ...kernel, streams: { ...kernel.streams, publish: () => undefined } };
  const toolsFor = createToolsFor({ kernel, memory, settings });
  const agentOf = createAgentOf(kernel);
  return (claimed, call) => {
    const profile = profileOf(claimed);
    const run: MeasuredRun = measured.get(claimed.id) ?? { modelCalls: 0, shown: [] };
    measured.set(claimed.id, run);
    const modelsFor = createModelsFor({
      providers,
      settings,
      clock,
      logger,
      open: (chosen) =>
        openSimulatedModels(chosen, {
          run: claimed,
          profile,
          agenda,
          counter,
          clock,
          logger,
          onCall: ({ shown }) => {
            run.modelCalls += 1;
            if (run.shown.length === 0) run.shown = shown;
          },
        }),
    });
    const handler = createAgentHandler({
      kernel: unheard,
      memory,
      telemetry,
      modelsFor,
      agentOf,
      toolsFor: async (one, agent) =>
        standInTools(await toolsFor(one, agent), { resultChars: profile.toolResultChars }),
      // Replies count as real ones: with these tools and no webhook, nothing happens anyway.
      isRehearsal: false,
      // Tools do nothing here, so postconditions could not be found.
      judge: async () => undefined,
    });
    return handler(claimed, call);
  };
}

/** Observations of one run; the rest is in the scratch database. */
export interface MeasuredRun {
  modelCalls: number;
  /** Of its first call. */
  shown: ShownSource[];
}
