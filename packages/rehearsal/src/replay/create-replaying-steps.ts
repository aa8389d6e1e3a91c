/**
 * Answers steps from their records, each compared first. Nothing is performed: a step's work runs only for model requests, which silent models
 * record, and for contexts, which only read. The replay stops where the recorded answer no longer fits or is missing. Comparisons:
 * compare-asked.ts.
 */
import type { StepCall, StepOptions, StepOutcome, StepResult, StepRunner } from "@roost/agent";
import { missingLabels } from "@roost/contract/labels";
import type { Step } from "@roost/kernel";
import { toOutcome } from "@roost/worker";
import { compareAsked, compareContextOf, compareRequestOf, type AskedStep, type Comparing } from "./compare-asked.ts";
import { showRequest, type Next } from "./show-request.ts";

export interface ReplayingStepsOptions extends Omit<Comparing, "isTainted" | "toolMarks"> {
  recorded: readonly Step[];
  /** Steps from this one on are not answered. */
  fromSeq: number | undefined;
  onUnknown: "tell" | "wait";
}

/** Thrown through the program, which stops. */
export class ReplayStopped extends Error {}

export interface Stop {
  seq: number;
  /** `from`: requested; `differs`: the answer would not fit; `open`: no outcome; `not_recorded`: the records end before it. */
  why: "from" | "differs" | "open" | "not_recorded";
}

export interface ReplayingSteps extends StepRunner {
  /** Steps requested so far. */
  readonly askedCount: number;
  readonly isTainted: boolean;
  readonly stop: Stop | undefined;
  readonly next: Next | null;
}

interface Replay extends Comparing {
  options: ReplayingStepsOptions;
  recorded: ReadonlyMap<number, Step>;
  askedCount: number;
  stop: Stop | undefined;
  next: Next | null;
}

export function createReplayingSteps(options: ReplayingStepsOptions): ReplayingSteps {
  const replay: Replay = {
    ...options,
    options,
    recorded: new Map(options.recorded.map((step) => [step.seq, step])),
    askedCount: 0,
    stop: undefined,
    next: null,
    isTainted: false,
    toolMarks: { recorded: undefined, present: {} },
  };
  return {
    step: (name, request, execute) => replayStep(replay, { name, request, execute }),
    get askedCount() {
      return replay.askedCount;
    },
    get isTainted() {
      return replay.isTainted;
    },
    get stop() {
      return replay.stop;
    },
    get next() {
      return replay.next;
    },
  };
}

interface Request<T> {
  name: string;
  request: StepOptions<T>;
  execute: (call: StepCall) => Promise<StepResult<T>>;
}

async function replayStep<T>(replay: Replay, { name, request, execute }: Request<T>): Promise<StepOutcome<T>> {
  const { findings, signal } = replay;
  signal.throwIfAborted();
  if (replay.stop !== undefined) throw new ReplayStopped();
  replay.askedCount += 1;
  const { kind, effect, input = null } = request;
  const asked: AskedStep = { seq: replay.askedCount, name, kind, effect, input };
  const known = replay.recorded.get(asked.seq);
  const differedBefore = findings.differCount;
  // Nothing was awaited up to here: of steps requested at once, the first decides.
  const fits = known !== undefined && compareAsked(replay, known, asked);
  const { outcome, stop } = decide<T>(replay, asked, { known, fits });
  replay.stop = stop;
  const look = async (): Promise<StepResult<unknown>> =>
    execute({
      idempotencyKey: known?.idempotencyKey ?? `replay:${asked.seq}`,
      attempt: 1,
      signal,
      labels: async () => missingLabels,
    });
  const compared = { asked, known: fits ? known : undefined, look };
  const sent = kind === "model" ? await compareRequestOf(replay, compared) : undefined;
  if (kind === "context" || kind === "compaction") await compareContextOf(replay, compared);
  const differs = findings.differCount > differedBefore;
  const undisturbed = stop === undefined ? "same" : stop.why === "open" ? "open" : "asked";
  findings.step(
    { seq: asked.seq, name, kind, state: known?.state ?? null, outcome: differs ? "differs" : undisturbed },
    { isAnswered: outcome !== undefined },
  );
  if (outcome === undefined) {
    const shown = sent === undefined ? null : showRequest(sent.request, sent);
    replay.next = { ...asked, isUntrusted: replay.isTainted, request: shown };
    throw new ReplayStopped();
  }
  if (
    outcome.state === "done" &&
    (outcome.output as { isUntrusted?: boolean | undefined } | null)?.isUntrusted === true
  )
    replay.isTainted = true;
  return outcome;
}

/** The step's answer, or why the replay stops at it. */
function decide<T>(
  { options, findings }: Replay,
  { seq }: AskedStep,
  { known, fits }: { known: Step | undefined; fits: boolean },
): { outcome: StepOutcome<T>; stop: undefined } | { outcome: undefined; stop: Stop } {
  const stop = (why: Stop["why"]) => ({ outcome: undefined, stop: { seq, why } });
  if (options.fromSeq !== undefined && seq >= options.fromSeq) return stop("from");
  if (known === undefined) return stop("not_recorded");
  if (!fits) return stop("differs");
  const open = whyOpen(known);
  const outcome = open === undefined ? toOutcome<T>(known) : undefined;
  if (outcome === undefined) {
    findings.skip(seq, "its outcome", open ?? `it has none yet (${known.state})`);
    return stop("open");
  }
  if (outcome.state === "unknown" && options.onUnknown === "wait") {
    findings.skip(seq, "its outcome", "it is unknown: the run waits for a person to record it");
    return stop("open");
  }
  if (outcome.state === "unknown") findings.skip(seq, "its outcome", "it is unknown, and the agent was told so");
  if (outcome.state === "answered") findings.skip(seq, "what it waited for", "the answer is the recorded one");
  return { outcome, stop: undefined };
}

function whyOpen({ reopened, error }: Step): string | undefined {
  if (reopened) return "it is to be executed again";
  return error?.code === "run_ended" ? "the run ended before it did" : undefined;
}
