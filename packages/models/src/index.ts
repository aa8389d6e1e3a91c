export { createModelCheck } from "./create-model-check.ts";
export { decideModel, openModelDecisions, type ModelDecision } from "./decide-model.ts";
