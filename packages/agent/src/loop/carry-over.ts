// Turns a journal that no loop continues into the context of a run that starts anew from where it stopped. Reads the outcomes of steps, which
// change seldom, and not their order.

import type { AgentContext } from "../messages/agent-context.ts";
import { answerOrphans } from "../messages/answer-orphans.ts";
import type { ToolCallPart } from "../messages/message.ts";
import type { StepOutcome } from "../steps/step-runner.ts";
import type { ToolOutput } from "../tools/execute-tool.ts";
import { agentLimitDefaults } from "./agent-limits.ts";
import type { Compaction } from "./compact.ts";
import { addCompaction, addReply, addToolMessage, createLoopState, type LoopState } from "./loop-state.ts";
import type { ModelStepOutput } from "./run-model-step.ts";
import { toToolMessage } from "./to-tool-message.ts";

export interface CarriedStep {
  name: string;
  kind: string;
  outcome: StepOutcome<unknown>;
}

/** Undefined when the run had no context yet. Calls without a recorded outcome are answered as such. */
export function carryOver(steps: readonly CarriedStep[]): AgentContext | undefined {
  let state: LoopState | undefined;
  let calls: ToolCallPart[] = [];
  for (const { name, kind, outcome } of steps) {
    if (kind === "context" && name.startsWith("context#") && outcome.state === "done") {
      state = createLoopState(outcome.output as AgentContext);
    } else if (state === undefined) {
      continue;
    } else if (kind === "model" && outcome.state === "done") {
      const output = outcome.output as ModelStepOutput;
      if (output.kind === "message") calls = [...(addReply(state, output, name).toolCalls ?? [])];
    } else if (kind === "tool" && name.startsWith("tool:")) {
      const call = calls.shift();
      if (call === undefined) continue;
      const { toolCallId, toolName } = call;
      const charsMax = agentLimitDefaults.toolResultCharsMax;
      addToolMessage(state, toToolMessage(outcome as StepOutcome<ToolOutput>, { toolCallId, toolName, charsMax }));
    } else if (kind === "compaction" && outcome.state === "done") {
      if (outcome.output !== null) addCompaction(state, outcome.output as Compaction);
    }
  }
  return state && { sections: state.sections, messages: answerOrphans(state.messages) };
}
