// What the loop is given and what it knows while it runs: types.

import type { AgentContext } from "../messages/agent-context.ts";
import type { Clock, JsonObject, JsonValue, Logger } from "@roost/base";
import type { Labels } from "@roost/contract/labels";
import type { Part } from "@roost/contract/part";
import type { ModelDelta, Models } from "../models/models.ts";
import type { KeepPart, ReadPart } from "../models/model-input.ts";
import type { StepRunner } from "../steps/step-runner.ts";
import type { Hooks } from "../tools/hooks.ts";
import type { Approvals, PermitCall } from "../tools/permit.ts";
import type { Tool } from "../tools/tool.ts";
import type { ToolList } from "../tools/tool-list.ts";
import type { Children } from "../tools/children.ts";
import type { AgentLimits } from "./agent-limits.ts";
import type { AgentDelta } from "./agent-outcome.ts";
import type { LoopState } from "./loop-state.ts";

export interface AgentLoopOptions {
  steps: StepRunner;
  model: Models;
  tools: Tool[];
  /** Tools to show when not all fit into few tokens; the model finds the others. Default: all are shown. */
  firstTools?: readonly string[];
  /** Services whose tools are found, whether they are there at the moment or not. */
  services?: readonly string[] | undefined;
  /** A function runs as the recorded step `context#1`, so that a resumed run sees the same context. */
  context: AgentContext | ((call: { signal: AbortSignal }) => Promise<AgentContext>);
  /** How early a section is cut or left out where a context is too small: the lowest first, below 1 before the list of tools; undefined: never. */
  leaveOrder?: ((section: string) => number | undefined) | undefined;
  clock: Clock;
  signal: AbortSignal;
  logger: Logger;
  limits?: Partial<AgentLimits>;
  /** Called for every valid call. Default: all are granted. */
  permit?: PermitCall;
  /** `summarise`: the conversation of the context is summarised, and nothing else happens. Default: its last message is answered. */
  task?: "answer" | "summarise" | undefined;
  /** Default: any. */
  form?: WantedAnswer | undefined;
  /** Default: calls that need an approval are refused. */
  approvals?: Approvals;
  /** Waits for runs that tools have started. Default: their results are not waited for. */
  children?: Children | undefined;
  /** What a person has asked at points of the run. Default: nothing. */
  hooks?: Hooks | undefined;
  /** Rules by which the journal is written. Default: the newest. */
  loopVersion?: number | undefined;
  /** Called as things happen; the caller coalesces. Exceptions are logged and ignored. */
  onDelta?: ((delta: AgentDelta) => void) | undefined;
  /** A person is waiting for the answer (see ModelRequest). */
  isStartedByPerson?: boolean;
  /** Reads the bytes of parts of messages, for models that take them. */
  readPart?: ReadPart;
  /** Keeps pictures and sound that the model made, marked as the run is. */
  keepPart?: (file: Parameters<KeepPart>[0] & { labels: Labels }) => Promise<Part>;
}

/** The form that an answer has to have. */
export interface WantedAnswer {
  /** JSON alone: an object, or of a schema. */
  format?: { name?: string; schema?: JsonObject; faultsOf: (value: JsonValue) => string[] } | undefined;
  /** Tools of which one has to be called before the answer. */
  mustCall?: readonly string[] | undefined;
}

/** One run of the loop: its input, limits and state. */
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
