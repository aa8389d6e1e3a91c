import type { AgentContext } from "../messages/agent-context.ts";
import type { Clock, Logger } from "@roost/base";
import type { ModelDelta, Models } from "../models/models.ts";
import type { StepRunner } from "../steps/step-runner.ts";
import type { Approvals, PermitCall } from "../tools/permit.ts";
import type { Tool } from "../tools/tool.ts";
import type { ToolList } from "../tools/tool-list.ts";
import type { AgentLimits } from "./agent-limits.ts";
import type { AgentDelta } from "./agent-outcome.ts";
import type { LoopState } from "./loop-state.ts";

export interface AgentLoopOptions {
  steps: StepRunner;
  model: Models;
  tools: Tool[];
  /** Names of those that the model is shown when not all fit into few tokens; it finds the others. Left out: all are shown. */
  firstTools?: readonly string[];
  /** A function is run as the recorded step `context#1`, so that a resumed run sees what it first saw. */
  context: AgentContext | ((call: { signal: AbortSignal }) => Promise<AgentContext>);
  clock: Clock;
  signal: AbortSignal;
  logger: Logger;
  limits?: Partial<AgentLimits>;
  /** Asked of every valid call. Default: all are granted. */
  permit?: PermitCall;
  /** Left out, what needs an approval is refused. */
  approvals?: Approvals;
  /** By whose rules the journal is written. Default: the newest. */
  loopVersion?: number;
  /** Called as things happen; coalescing is the caller's. What it throws is logged and ignored. */
  onDelta?: (delta: AgentDelta) => void;
  /** Somebody is waiting for the answer (see ModelRequest). */
  isStartedByPerson?: boolean;
}

/** One run of the loop: what it was given, its limits, and what it knows so far. */
export interface Loop {
  options: AgentLoopOptions;
  limits: AgentLimits;
  state: LoopState;
  tools: ToolList;
  /** Aborted by the caller or by the deadline. */
  signal: AbortSignal;
  deadline: AbortSignal;
  isPastDeadline: () => boolean;
  deadlineMessage: () => string;
  show: (delta: AgentDelta) => void;
  watchReply: (step: string, delta: ModelDelta) => void;
}
