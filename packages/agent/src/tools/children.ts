// Runs that a tool call has started: how the loop waits for each, and reads what came of it.

import type { JsonValue } from "@roost/base";
import type { Labels } from "@roost/contract/labels";
import type { StepCall, StepResult } from "../steps/step-runner.ts";
import type { ChildRun } from "./tool.ts";

export interface ChildResult {
  text: string;
  labels: Labels;
}

export interface Children {
  /** The work of a child's step: waits until it has ended. */
  wait: (child: ChildRun, call: StepCall) => Promise<StepResult<JsonValue>>;
  /** The result in that step's recorded answer. Pure. */
  read: (answer: JsonValue) => ChildResult;
}
