/** Compares one step with its record: the step itself, the model's request, the run's context. */
import type { AgentContext, ModelRequest, ModelStepOutput, StepResult } from "@roost/agent";
import { toRoostError, type JsonValue } from "@roost/base";
import type { Effect, Step } from "@roost/kernel";
import { compareContext } from "./compare-context.ts";
import { compareRequests, type ComparedRequests } from "./compare-request.ts";
import type { Findings } from "./findings.ts";
import { excerptOf, firstDifference } from "./first-difference.ts";
import type { SilentModels } from "./silent-models.ts";

/** Shared by the comparisons of a replay. */
export interface Comparing {
  findings: Findings;
  models: SilentModels;
  signal: AbortSignal;
  /** Why today's context cannot be compared, if it cannot. */
  contextUnknown: (seq: number) => string | undefined;
  /** The run's session has a conversation or a digest before the prompt. */
  isTold: boolean;
  /** Untrusted content has come in. */
  isTainted: boolean;
  toolMarks: ComparedRequests["tools"];
}

export interface AskedStep {
  seq: number;
  name: string;
  kind: string;
  effect: Effect;
  input: JsonValue;
}

interface Compared {
  asked: AskedStep;
  /** Undefined: the same step is not recorded. */
  known: Step | undefined;
  /** The step's work; called only for models and contexts. */
  look: () => Promise<StepResult<unknown>>;
}

/** False: another step is recorded, whose outcome does not answer this one. */
export function compareAsked({ findings, isTainted }: Comparing, known: Step, asked: AskedStep): boolean {
  const { seq, name, kind, effect } = asked;
  if (known.name !== name || known.kind !== kind) {
    const described = (step: { name: string; kind: string; input: JsonValue }) =>
      `${step.name} (${step.kind}) ${excerptOf(step.input)}`;
    findings.differ({
      seq,
      name: known.name,
      kind: "step",
      part: "",
      recorded: described(known),
      replayed: described(asked),
      isUntrusted: isTainted,
    });
    return false;
  }
  const input = firstDifference(known.input, asked.input);
  if (input !== undefined) {
    const { at, recorded, replayed } = input;
    findings.differ({ seq, name, kind: "input", part: at, recorded, replayed, isUntrusted: isTainted });
    return false;
  }
  if (known.effect !== effect)
    findings.differ({
      seq,
      name,
      kind: "effect",
      part: "",
      recorded: known.effect,
      replayed: effect,
      isUntrusted: false,
    });
  return true;
}

/** Undefined: the program made no request. */
export async function compareRequestOf(
  comparing: Comparing,
  { asked: { seq, name }, known, look }: Compared,
): Promise<{ request: ModelRequest; model: string; outputTokensMax: number } | undefined> {
  const { findings, models, toolMarks } = comparing;
  const result = await look();
  const request = models.take();
  const present = result.state === "done" ? (result.output as ModelStepOutput).request : undefined;
  if (request === undefined || present === undefined) return undefined;
  toolMarks.present = present.toolMarks ?? toolMarks.present;
  if (known === undefined) return { request, model: present.model, outputTokensMax: present.outputTokensMax };
  const recorded = known.state === "done" ? (known.output as Partial<ModelStepOutput> | null)?.request : undefined;
  if (recorded === undefined) {
    const why =
      known.state === "done"
        ? "it was recorded before requests were marked"
        : "a call that failed leaves no marks of it";
    findings.skip(seq, "what the model was asked", why);
  } else {
    toolMarks.recorded = recorded.toolMarks ?? toolMarks.recorded;
    for (const difference of compareRequests({ recorded, present, request, tools: toolMarks }))
      findings.differ({ seq, name, kind: "request", ...difference });
  }
  return { request, model: present.model, outputTokensMax: present.outputTokensMax };
}

/** Builds the context again and compares it; the rest of what a run is told depends on the moment. */
export async function compareContextOf(
  comparing: Comparing,
  { asked: { seq, name, kind }, known, look }: Compared,
): Promise<void> {
  const { findings, signal } = comparing;
  if (known === undefined || known.state !== "done") return;
  if (name !== "context#1") {
    const what = kind === "compaction" ? "what was summarized" : "what there was to think about";
    return findings.skip(seq, what, "it is of that moment");
  }
  const recorded = known.output as unknown as AgentContext;
  if ([...recorded.sections, ...recorded.messages].some((told) => "isUntrusted" in told && told.isUntrusted === true))
    comparing.isTainted = true;
  try {
    const result = await look();
    const unknown = comparing.contextUnknown(seq);
    if (result.state !== "done" || unknown !== undefined)
      return findings.skip(seq, "the context", unknown ?? "it was not built");
    const { differences, living } = compareContext(recorded, result.output as AgentContext, comparing);
    for (const difference of differences) findings.differ({ seq, name, kind: "context", ...difference });
    if (living.length > 0)
      findings.skip(
        seq,
        living.join(", "),
        "it tells the time or what is new, so it always differs; answered as recorded",
      );
  } catch (error) {
    signal.throwIfAborted();
    const { code, message } = toRoostError(error);
    findings.differ({
      seq,
      name,
      kind: "context",
      part: "",
      recorded: "it was built",
      replayed: `it cannot be built: ${code}: ${message}`,
      isUntrusted: false,
    });
  }
}
