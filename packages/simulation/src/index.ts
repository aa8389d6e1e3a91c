export { openWorlds } from "./open-worlds.ts";
export { createPlan } from "./plan.ts";
export { shrinkPlan } from "./shrink-plan.ts";
export { simulate } from "./simulate.ts";
