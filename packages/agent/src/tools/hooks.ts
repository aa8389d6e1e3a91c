// Hooks: what a person has asked at certain points of a run. They may refuse or annotate, and rewrite nothing. Their answers are steps.

import type { JsonValue } from "@roost/base";
import type { StepCall, StepResult } from "../steps/step-runner.ts";

/** `step`: a call of the model. */
export type HookPoint = "before-run" | "after-run" | "before-step" | "after-step" | "before-tool" | "after-tool";

/** What a hook is told. */
export interface HookRequest {
  point: HookPoint;
  /** `model#2`, `tool:write_file#3`. */
  step?: string;
  tool?: { name: string; input: JsonValue };
  /** After a tool, what it answered; after a step or the run, what was said. */
  text?: string;
  isError?: boolean;
}

export interface HookAnswer {
  /** Why it must not happen. Only before it. */
  refuse?: string | undefined;
  /** Of a tool it stands behind its answer, of the run before its first step; else for people. */
  note?: string | undefined;
}

export interface Hooks {
  /** Names of the run's hooks at a point, in order. The same in every replay. */
  at: (point: HookPoint, tool?: string) => readonly string[];
  /** The work of a hook's step. */
  call: (name: string, asked: HookRequest, call: StepCall) => Promise<StepResult<HookAnswer>>;
}
