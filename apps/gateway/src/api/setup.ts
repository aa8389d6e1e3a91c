/** Setting a home up: its models with test calls, names, jobs to begin with, and applying what was written. */
import { listJobs } from "@roost/jobs";
import { fileURLToPath } from "node:url";
import { findLocalServers, type LocalUrls, type ProviderConfig } from "@roost/agent";
import { delay, RoostError, systemClock, type Logger } from "@roost/base";
import { pageByName, serve, toPage, type Served } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import { findHomeFile, refuseHeldSettings, type Memory } from "@roost/memory";
import { resolveSecret, settingsFile, type SecretSources } from "@roost/memory/settings";
import { checkModels } from "@roost/models";
import { readExampleJobs } from "../setup/example-jobs.ts";
import {
  addConfiguredModel,
  addressOf,
  readConfiguredModels,
  removeConfiguredModel,
} from "../setup/add-configured-model.ts";
import { refuseUnusable } from "../setup/refuse-unusable.ts";
import { readNames, writeName } from "../setup/write-name.ts";

export interface SetupGiven {
  /** For secrets that stand there. */
  environment: SecretSources["env"];
  /** Starts the processes of this machine anew; undefined without a supervisor. */
  restart: (() => void) | undefined;
  /** Takes up what of roost.yaml needs no restart. */
  applyAtOnce: () => Promise<void>;
  logger: Logger;
  /** Where servers are looked for; default: their own ports of loopback. */
  localUrls?: LocalUrls | undefined;
}

/** Jobs that are offered. */
const examplesDir = fileURLToPath(new URL("../../../../templates/jobs", import.meta.url));
/** The answer leaves before the process does. */
const restartAfterMs = 200;

export function serveSetup({ memory, setup }: { memory: Memory; setup: SetupGiven }): Served[] {
  return [...serveModels(memory, setup), ...serveHome(memory, setup)];
}

function serveModels(memory: Memory, { environment, logger, localUrls }: SetupGiven): Served[] {
  const sources = { homeDir: memory.machineDir, env: environment };
  return [
    serve(operations.listModels, async ({ limit, after }) => {
      // In the order in which they are tried.
      const models = (await readConfiguredModels(memory)).map((model, index) => ({ model, place: `${100 + index}` }));
      const { rows, next } = pageByName(models, { limit, after }, ({ place }) => place);
      return toPage(
        rows.map(({ model }) => model),
        next,
      );
    }),

    serve(operations.findLocalModels, async () => {
      const found = await findLocalServers(localUrls === undefined ? {} : { urls: localUrls });
      return {
        servers: found.map(({ name, baseUrl, models, model, contextTokensMax, tools, note }) => ({
          name,
          baseUrl,
          models: models.slice(0, localModelsMax).map((each) => {
            const isChosen = each === model;
            return {
              name: each,
              contextTokensMax: isChosen ? (contextTokensMax ?? null) : null,
              tools: isChosen ? (tools ?? null) : null,
            };
          }),
          note,
        })),
      };
    }),

    serve(operations.tryModel, async (given) => {
      const provider = await toProvider(given, sources);
      const [check] = await checkModels(memory.kernel, [provider], { clock: systemClock, logger });
      const text = operations.clipText(check?.text ?? "it was not asked", operations.reasonCharsMax);
      return { check: { id: provider.id, name: given.model, ms: 0, state: "fails" as const, ...check, text } };
    }),

    serve(operations.addModel, async (given, { principal }) => ({
      model: await addConfiguredModel(memory, given, { by: principal.id }),
    })),

    serve(operations.removeModel, async ({ id }, { principal }) => ({
      model: await removeConfiguredModel(memory, id, { by: principal.id }),
    })),
  ];
}

const localModelsMax = 50;

async function toProvider(
  given: operations.NewModel,
  sources: SecretSources,
): Promise<ProviderConfig & { id: string }> {
  const { kind, model, key, keyRef, contextTokensMax, tools, isFree } = given;
  const baseUrl = addressOf(given);
  const apiKey = keyRef === undefined ? key : await resolveSecret(keyRef, sources);
  const common = {
    id: "try",
    model,
    contextTokensMax,
    tools,
    price: isFree ? { inputUsd: 0, outputUsd: 0 } : undefined,
  };
  if (kind === "openrouter") {
    if (apiKey === undefined) throw new RoostError("invalid_input", "OpenRouter takes no call without a key: give one");
    return { kind, apiKey, ...common, ...(baseUrl === undefined ? {} : { baseUrl }) };
  }
  return { kind, baseUrl: baseUrl ?? "", ...common, ...(apiKey === undefined ? {} : { apiKey }) };
}

function serveHome(memory: Memory, { environment, restart }: SetupGiven): Served[] {
  const { kernel, homeDir, timeZone } = memory;
  return [
    serve(operations.applySettings, async () => {
      const file = await findHomeFile(memory, settingsFile, { as: { kind: "main" } });
      const text = file?.text ?? "";
      await refuseHeldSettings(memory, text);
      await refuseUnusable(text, { homeDir, env: environment });
      if (restart !== undefined) void delay(restartAfterMs).then(restart);
      return { isRestarting: restart !== undefined };
    }),

    serve(operations.getProfile, () => readNames(memory)),

    serve(operations.setProfile, async ({ name, agentName }, { principal: { id: by } }) => {
      if (name !== undefined) await writeName(memory, "name", { name, by });
      if (agentName !== undefined) await writeName(memory, "agentName", { name: agentName, by });
      return readNames(memory);
    }),

    serve(operations.listExampleJobs, async ({ limit, after }) => {
      const findKnown = async (ids: string[]) => {
        const { jobs } = await listJobs(kernel, { limit: ids.length, ids, states: ["active", "paused", "finished"] });
        return new Set(jobs.map(({ id }) => id));
      };
      const all = await readExampleJobs(examplesDir, { timeZone, nowMs: kernel.clock.nowMs(), findKnown });
      const { rows, next } = pageByName(all, { limit, after }, ({ id }) => id);
      return toPage(rows, next);
    }),
  ];
}
