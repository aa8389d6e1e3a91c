export { createAgentHandler, type AgentHandlerOptions } from "./create-agent-handler.ts";
export type { RunHandler, RunHandlers } from "./execute-run.ts";
export { createModelsFor, type ModelsFor } from "./models/choose-models.ts";
export { runWorker, workerDefaults, type WorkerOptions } from "./run-worker.ts";
export { createToolsFor, type CreateToolsForOptions } from "./tools/create-tools-for.ts";
