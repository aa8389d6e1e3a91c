/**
 * The model of a rehearsal: takes the time and tokens of the job's profile, makes one reading tool call between its calls, and then answers.
 * Prompts, limits, prices and reservations are those of the real models.
 */
import { openModels, type LanguageModelConfig, type Models, type ProviderConfig } from "@roost/agent";
import type { Clock, Logger } from "@roost/base";
import type { ShownSource } from "@roost/contract/operations";
import type { ClaimedRun } from "@roost/kernel";
import type { LanguageModelV4, LanguageModelV4StreamPart } from "@ai-sdk/provider";
import type { JobProfile } from "../profile/job-profile.ts";
import type { Agenda } from "./agenda.ts";
import type { TokenCounter } from "./token-counter.ts";
import { fillerText, harmlessCall } from "./tool-stand-ins.ts";

export interface ModelCall {
  /** What the call read. */
  shown: ShownSource[];
}

export interface SimulatedModelOptions {
  run: ClaimedRun;
  profile: JobProfile;
  agenda: Agenda;
  counter: TokenCounter;
  clock: Clock;
  logger: Logger;
  onCall: (call: ModelCall) => void;
}

/** Replaces `openModels`, for one run. */
export function openSimulatedModels(providers: ProviderConfig[], options: SimulatedModelOptions): Models {
  const { run, profile, agenda, counter, clock, logger } = options;
  const turn = { call: 0, inputTokens: 0, toolNames: [] as string[] };
  const languageModel = createLanguageModel(options, turn);
  const models = openModels({
    providers: providers.map((provider) => standIn(provider, languageModel)),
    clock,
    logger,
  });
  const callMs = Math.max(1, Math.round(profile.durationMs / profile.modelCalls));
  return {
    ...models,
    call: (request, callOptions) => {
      turn.call += 1;
      const shown = counter.ofRequest(request);
      turn.inputTokens = shown.reduce((sum, { tokens }) => sum + tokens, 0);
      turn.toolNames = request.tools.map(({ name }) => name);
      options.onCall({ shown });
      return models.call(request, {
        ...callOptions,
        // The reservation lasts as long as the call.
        reserveSpend: async (ask) => {
          const granted = await callOptions.reserveSpend?.(ask);
          if (granted?.state === "refused") return granted;
          await agenda.park(run.id, clock.nowMs() + callMs, callOptions.signal);
          return granted ?? { state: "granted", settle: async () => undefined };
        },
      });
    },
  };
}

/** The provider's price, limits and name, without a server behind them. */
function standIn(provider: ProviderConfig, languageModel: LanguageModelV4): LanguageModelConfig {
  const { id, price, contextTokensMax, outputTokensMax, temperature } = provider;
  const modelId = provider.kind === "language-model" ? provider.languageModel.modelId : provider.model;
  return {
    kind: "language-model",
    id,
    // The rehearsal provider has no price because it is not a model.
    price:
      price === undefined || (provider.kind === "language-model" && provider.isRehearsal === true) ? undefined : price,
    contextTokensMax,
    outputTokensMax,
    temperature,
    languageModel: { ...languageModel, modelId },
  };
}

function createLanguageModel(
  { run, profile, counter }: SimulatedModelOptions,
  turn: { call: number; inputTokens: number; toolNames: string[] },
): LanguageModelV4 {
  const answer = () => {
    const call = turn.call < profile.modelCalls ? harmlessCall(turn.toolNames) : undefined;
    const said = run.sessionKind === "heartbeat" ? "HEARTBEAT_OK" : fillerText(profile.replyChars);
    const text = call === undefined ? said : "";
    const outputTokens =
      run.sessionKind === "heartbeat" && call === undefined ? counter.ofText(text) : profile.outputTokens;
    const usage = {
      inputTokens: { total: turn.inputTokens, noCache: turn.inputTokens, cacheRead: 0, cacheWrite: 0 },
      outputTokens: { total: outputTokens, text: outputTokens, reasoning: 0 },
    };
    return { call, text, usage };
  };
  return {
    specificationVersion: "v4",
    provider: "rehearsal",
    modelId: "rehearsal",
    supportedUrls: {},
    doGenerate: () => Promise.reject(new TypeError("a rehearsal streams")),
    doStream: async () => ({
      stream: new ReadableStream<LanguageModelV4StreamPart>({
        start(controller) {
          const { call, text, usage } = answer();
          controller.enqueue({ type: "stream-start", warnings: [] });
          if (call === undefined) {
            controller.enqueue({ type: "text-start", id: "0" });
            controller.enqueue({ type: "text-delta", id: "0", delta: text });
            controller.enqueue({ type: "text-end", id: "0" });
          } else {
            controller.enqueue({
              type: "tool-call",
              toolCallId: `call-${turn.call}`,
              toolName: call.name,
              input: call.input,
            });
          }
          const unified = call === undefined ? "stop" : "tool-calls";
          controller.enqueue({ type: "finish", finishReason: { unified, raw: undefined }, usage });
          controller.close();
        },
      }),
    }),
  };
}
