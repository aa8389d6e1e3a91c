export type { AgentContext, ContextSection } from "./messages/agent-context.ts";
export { byRoost } from "./messages/message.ts";
export type {
  AssistantMessage,
  Message,
  SummaryMessage,
  ToolCallPart,
  ToolMessage,
  UserMessage,
} from "./messages/message.ts";
export type {
  Effect,
  StepCall,
  StepError,
  StepKind,
  StepOptions,
  StepOutcome,
  StepResult,
  StepRunner,
} from "./steps/step-runner.ts";
export type {
  ApprovalAnswer,
  ApprovalRequest,
  Approvals,
  CallFacts,
  Permit,
  PermitCall,
  PlannedCall,
} from "./tools/permit.ts";
export type { ChildRun, JsonSchemaInput, Tool, ToolCall, ToolOrigin, ToolResult } from "./tools/tool.ts";
export type { CallActual, CallEstimate, CostSource, TokenPrice, StepUsage, TokenUsage } from "./usage/token-usage.ts";
export type { ReserveSpend, SpendRequest, SpendReservation } from "./usage/spend.ts";
export type {
  FailedAttempt,
  FinishReason,
  ModelCallOptions,
  ModelCallOutcome,
  ModelDelta,
  ModelLimits,
  ModelReply,
  ModelRequest,
  Models,
  ProviderDescription,
  ToolDescription,
} from "./models/models.ts";
export type { ModelInput, ReadPart } from "./models/model-input.ts";
export type {
  LanguageModelConfig,
  OpenAiCompatibleConfig,
  OpenRouterConfig,
  ProviderConfig,
} from "./models/provider-config.ts";
export { type CallQueue } from "./models/call-queue.ts";
export { createMemoryCoolDowns, kindOf, nextCoolDown, type CoolDown, type CoolDownStore } from "./models/cool-down.ts";
export { modelLimitDefaults } from "./models/models.ts";
export { estimateTokens } from "./usage/estimate-tokens.ts";
export { estimateCallMax } from "./usage/estimate-call-max.ts";
export { addUsage } from "./usage/add-usage.ts";
export { wrapUntrusted } from "./messages/wrap-untrusted.ts";
export { formUnmet } from "./loop/take-answer.ts";
export type { WantedAnswer } from "./loop/loop.ts";
export { readArguments } from "./tools/read-arguments.ts";
export { callToolName, createToolList, findToolsName } from "./tools/tool-list.ts";
export { estimatePrompt } from "./models/estimate-prompt.ts";
export { createMendMemory } from "./wire/mend.ts";
export { openModels, type OpenModelsOptions } from "./models/open-models.ts";
export { createEmbedder, type Embedded, type Embedder, type EmbedderConfig } from "./models/create-embedder.ts";
export { agentLimitDefaults, type AgentLimits } from "./loop/agent-limits.ts";
export type { AgentDelta, AgentEnd, AgentLimitName, AgentOutcome, AgentTotals } from "./loop/agent-outcome.ts";
export type { RequestRecord } from "./loop/request-record.ts";
export type { ModelStepOutput } from "./loop/run-model-step.ts";
export type { HookAnswer, HookPoint, HookRequest, Hooks } from "./tools/hooks.ts";
export type { ChildResult, Children } from "./tools/children.ts";
export { runAgentLoop, timeOver, type AgentLoopOptions } from "./loop/run-agent-loop.ts";
export {
  createRehearsalModel,
  howToConfigureAModel,
  rehearsalMark,
  rehearsalModelId,
  rehearsalProvider,
} from "./rehearsal/create-rehearsal-model.ts";
export {
  defaultModelNames,
  discoverModels,
  type DiscoverModelsOptions,
  type Discovery,
  type DiscoveryConfig,
} from "./discovery/discover-models.ts";
export { localServerUrls } from "./models/local-server-urls.ts";
export { findLocalServers, type FoundServer, type LocalUrls } from "./discovery/find-local-servers.ts";
export { createProbe, type Probe } from "./wire/probe.ts";
export { probeContexts, tellSmallContexts } from "./discovery/small-contexts.ts";
export { createListedPrices, readListedPrices } from "./models/listed-prices.ts";
export { modelListOf } from "./discovery/probe-local-servers.ts";
export { createPatientFetch } from "./models/patient-fetch.ts";
export { providerKey, queuedServerOf, silenceMsMaxOf } from "./models/provider-config.ts";
export { openRouterUrl } from "./models/create-language-model.ts";
export { priceOfTokens, savedOf, toldCost, toldTokens } from "./usage/read-usage.ts";
