/** Asks each model for one token: whether it answers, and why not. What that costs is reserved as every call's is. */
import { openModels, type FailedAttempt, type ProviderConfig, type ReserveSpend } from "@roost/agent";
import { formatDurationMs, type Clock, type Logger } from "@roost/base";
import { createSpendBlocks, type Kernel, type SpendBlocks } from "@roost/kernel";
import { wiredProviders, type WiredProvider } from "./wired-providers.ts";

export interface CheckedModel {
  id: string;
  name: string;
  /** `silent`: it has not answered yet, as models do that are being loaded or read slowly. */
  state: "answers" | "silent" | "fails";
  ms: number;
  /** Why it fails, and what to do; or how long it took. */
  text: string;
}

const checkedMax = 20;
const askMsMax = 60_000;
/** Its own limits come first. */
const graceMs = 5_000;
/** Of reasoning models that cannot think in one token: they have answered. */
const wantsMore = /could not finish the message|max_tokens or model output limit/i;

export interface CheckModelsOptions {
  clock: Clock;
  logger: Logger;
  askMsMax?: number;
}

/** All at once; those without a server are left out. */
export async function checkModels(
  kernel: Kernel,
  providers: readonly ProviderConfig[],
  options: CheckModelsOptions,
): Promise<CheckedModel[]> {
  const wired = wiredProviders(providers).slice(0, checkedMax);
  await using blocks = createSpendBlocks(kernel, { scopes: ["all"] });
  return await Promise.all(
    wired.map(async (provider) => await ask(provider, { ...options, reserveSpend: by(blocks) })),
  );
}

async function ask(
  provider: WiredProvider,
  options: CheckModelsOptions & { reserveSpend: ReserveSpend },
): Promise<CheckedModel> {
  const { clock, logger, reserveSpend } = options;
  const msMax = options.askMsMax ?? askMsMax;
  const limits = { roundsMax: 1, silenceMsMax: msMax, callMsMax: msMax };
  const models = openModels({ providers: [{ ...provider, silenceMsMax: msMax }], clock, logger, limits });
  const startedMs = clock.nowMs();
  const outcome = await models.call(
    {
      sections: [],
      messages: [{ role: "user", text: "Say OK" }],
      tools: [],
      outputTokensMax: 1,
      isStartedByPerson: true,
    },
    { signal: AbortSignal.timeout(msMax + graceMs), step: "check", reserveSpend },
  );
  const ms = clock.nowMs() - startedMs;
  const told = { id: provider.id, name: provider.model, ms };
  if (outcome.kind === "context_exceeded")
    return { ...told, state: "fails", text: "its context is too small for a word" };
  if (outcome.kind === "message" || wantsMore.test(outcome.message))
    return { ...told, state: "answers", text: `answered in ${formatDurationMs(ms)}` };
  const isSilent = outcome.kind === "failed" && outcome.failedAttempts.some(isSlow);
  const text = outcome.message
    .replace(/^no model provider answers; | \(skipped for [^)]*\)/g, "")
    .replace(`${told.id} (${told.name})`, "")
    .replace(/^:? (?:refused the request: )?/, "");
  return { ...told, state: isSilent ? "silent" : "fails", text };
}

function isSlow({ code, status }: FailedAttempt): boolean {
  return status === 503 || (code === "timeout" && status === undefined);
}

function by(blocks: SpendBlocks): ReserveSpend {
  return async ({ costUsd, inputTokens, outputTokens }) => {
    const taken = await blocks.take({ usd: costUsd ?? 0, tokens: inputTokens + outputTokens });
    if (!taken.granted) return { state: "refused", cap: taken.cap.scope, message: taken.message };
    return {
      state: "granted",
      settle: (actual) => taken.settle({ usd: actual.costUsd ?? 0, tokens: actual.inputTokens + actual.outputTokens }),
    };
  };
}
