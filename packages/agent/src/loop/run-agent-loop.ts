import type { Clock, Logger } from '@roost/base';
import type { AgentContext } from '../messages/agent-context.ts';
import type { Models } from '../models/models.ts';
import type { StepRunner } from '../steps/step-runner.ts';
import type { PermitTool, Tool } from '../tools/tool.ts';
import type { AgentLimits } from './agent-limits.ts';
import type { AgentDelta, AgentOutcome } from './agent-outcome.ts';

export interface AgentLoopOptions {
  steps: StepRunner;
  model: Models;
  tools: Tool[];
  /** A function is run as the recorded step `context#1`, so that a resumed run sees what it first saw. */
  context: AgentContext | ((call: { signal: AbortSignal }) => Promise<AgentContext>);
  clock: Clock;
  signal: AbortSignal;
  logger: Logger;
  limits?: Partial<AgentLimits>;
  permitTool?: PermitTool;
  onDelta?: (delta: AgentDelta) => void;
  /** Somebody is waiting for the answer (see ModelRequest). */
  isStartedByPerson?: boolean;
}

/**
 * Runs one agent turn to its end: model call, tool calls, model call, … each a durable step.
 * Throws only what `steps.step` throws (lease lost, suspended, diverged); everything else is an outcome.
 */
export declare function runAgentLoop(options: AgentLoopOptions): Promise<AgentOutcome>;
