export { findSandbox, type FoundSandbox } from "./find-sandbox.ts";
export {
  confinedLimitDefaults,
  runConfined,
  type ConfinedLimits,
  type ConfinedRun,
  type RunConfinedOptions,
} from "./run-confined.ts";
export { killAll, readProcessTree } from "./process-tree.ts";
