export { checkModels } from "./check-models.ts";
export { createModelCheck } from "./create-model-check.ts";
export { createModelNames } from "./create-model-names.ts";
export { decideModel, openModelDecisions, type ModelDecision } from "./decide-model.ts";
export { openCallQueue } from "./open-call-queue.ts";
export { openHomeCoolDowns } from "./open-home-cool-downs.ts";
export { askForDatabase, readHomeConfig, type HomeConfig } from "./read-home-config.ts";
