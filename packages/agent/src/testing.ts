export {
  createMemoryStepRunner,
  Crash,
  Suspended,
  type StepJournal,
  type JournalEntry,
  type MemoryStepRunnerOptions,
} from "./testing/create-memory-step-runner.ts";
export type { Script, ScriptedReply, ScriptedRequest, ScriptedUsage, WireMessage } from "./testing/scripted-reply.ts";
export { startEmbeddingServer, type EmbeddingServer } from "./testing/start-embedding-server.ts";
export {
  startScriptedModelServer,
  type ScriptedModelServer,
  type ScriptedModelServerOptions,
} from "./testing/start-scripted-model-server.ts";
