/**
 * The names of telemetry attributes, here and nowhere else. `gen_ai.*` and the
 * others outside `roost.*` are OpenTelemetry's semantic conventions (1.41).
 */
export const attributes = {
  errorType: "error.type",

  httpMethod: "http.request.method",
  httpRoute: "http.route",
  httpStatus: "http.response.status_code",
  urlPath: "url.path",
  serverAddress: "server.address",

  genAiOperation: "gen_ai.operation.name",
  genAiProvider: "gen_ai.provider.name",
  genAiAgentId: "gen_ai.agent.id",
  genAiConversationId: "gen_ai.conversation.id",
  genAiRequestModel: "gen_ai.request.model",
  genAiResponseModel: "gen_ai.response.model",
  genAiResponseId: "gen_ai.response.id",
  genAiFinishReasons: "gen_ai.response.finish_reasons",
  genAiInputTokens: "gen_ai.usage.input_tokens",
  genAiOutputTokens: "gen_ai.usage.output_tokens",
  genAiToolName: "gen_ai.tool.name",
  genAiToolCallId: "gen_ai.tool.call.id",

  operationId: "roost.operation.id",
  callerId: "roost.caller.id",
  runId: "roost.run.id",
  runState: "roost.run.state",
  runAttempt: "roost.run.attempt",
  runReason: "roost.run.reason",
  parentRunId: "roost.run.parent_id",
  jobId: "roost.job.id",
  tickKey: "roost.tick.key",
  sessionKey: "roost.session.key",
  sessionKind: "roost.session.kind",
  stepSeq: "roost.step.seq",
  stepName: "roost.step.name",
  stepKind: "roost.step.kind",
  stepState: "roost.step.state",
  stepEffect: "roost.step.effect",
  stepIsReplayed: "roost.step.replayed",
  workerId: "roost.worker.id",
  epoch: "roost.epoch",
  costUsd: "roost.cost_usd",
  isRehearsal: "roost.rehearsal",
} as const;

/** Values of `gen_ai.operation.name`. */
export const genAiOperations = { chat: "chat", executeTool: "execute_tool", invokeAgent: "invoke_agent" } as const;
