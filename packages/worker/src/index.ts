export { createAgentHandler, type AgentHandlerOptions } from "./create-agent-handler.ts";
export { executeRun, type RunHandler, type RunHandlers } from "./execute-run.ts";
export { toOutcome } from "./steps/to-outcome.ts";
export { repeatedReason, think, type AgentTurn } from "./think.ts";
export { createModelsFor, type ModelsFor } from "./models/choose-models.ts";
export { RunCancelled, runWorker, workerDefaults, type WorkerOptions } from "./run-worker.ts";
export { createToolsFor, type CreateToolsForOptions } from "./tools/create-tools-for.ts";
export { judgePostconditions } from "./postconditions/judge-postconditions.ts";
