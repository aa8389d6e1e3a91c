export { findSandbox, type FoundSandbox } from "./find-sandbox.ts";
export { runConfined, type ConfinedLimits, type ConfinedRun } from "./run-confined.ts";
export { killAll, readProcessTree } from "./process-tree.ts";
