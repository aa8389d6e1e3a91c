/** Compares the program's end with the recorded one, where the run ended by itself. */
import { timeOver } from "@roost/agent";
import type { ReplayRunEnd } from "@roost/contract/operations";
import { crashLoop, isTerminal, postconditionUnmet, type Run, type Step } from "@roost/kernel";
import type { ReplayingSteps } from "./create-replaying-steps.ts";
import type { Findings } from "./findings.ts";
import { excerptOf, firstDifference } from "./first-difference.ts";

export interface ComparedEnd {
  run: Run;
  recorded: readonly Step[];
  steps: ReplayingSteps;
  /** Undefined: the replay did not reach an end. */
  ended: ReplayRunEnd | undefined;
  findings: Findings;
}

export function endOf({ state, output, error }: Run): ReplayRunEnd | null {
  return isTerminal(state) ? { state, output, error: shortError(error) } : null;
}

export function shortError(error: { code: string; message: string } | null | undefined): ReplayRunEnd["error"] {
  return error == null ? null : { code: error.code.slice(0, 64), message: error.message.slice(0, 4_000) };
}

export function compareEnd(compared: ComparedEnd): void {
  const { run, steps, ended, findings } = compared;
  const { stop, isTainted } = steps;
  const recorded = endOf(run);
  const outside = endedFromOutside(run);
  if (stop?.why === "not_recorded") {
    if (recorded === null) return findings.skip(null, "the end", `the run has not ended: it is ${run.state}`);
    if (outside !== undefined) return findings.skip(null, "the end", outside);
    const { next } = steps;
    const would = `${next?.name} (${next?.kind}) ${excerptOf(next?.input)}`;
    return findings.differ({
      seq: stop.seq,
      name: next?.name ?? "",
      kind: "not_recorded",
      part: "",
      recorded: described(recorded),
      replayed: would,
      isUntrusted: isTainted,
    });
  }
  if (stop !== undefined || ended === undefined) return;
  const isWhole = skipUnasked(compared, ended);
  if (recorded === null) return findings.skip(null, "the end", `the run has not ended: it is ${run.state}`);
  if (outside !== undefined) return findings.skip(null, "the end", outside);
  if (run.error?.code === postconditionUnmet && ended.state === "done")
    return findings.skip(null, "the end", "postconditions were checked when the run ended, and are not checked again");
  const difference = firstDifference(recorded, ended);
  if (difference === undefined || !isWhole) return;
  const { at, ...sides } = difference;
  findings.differ({ seq: null, name: "the end", kind: "end", part: at, ...sides, isUntrusted: isTainted });
}

/** False: the program ended before requesting all recorded steps. */
function skipUnasked({ recorded, steps, findings }: ComparedEnd, ended: ReplayRunEnd): boolean {
  const unasked = recorded.filter(({ seq }) => seq > steps.askedCount);
  for (const { seq, name, kind, state } of unasked)
    findings.step({ seq, name, kind, state, outcome: "not_asked" }, { isAnswered: false });
  const [first] = unasked;
  if (first === undefined) return true;
  findings.differ({
    seq: first.seq,
    name: first.name,
    kind: "not_asked",
    part: unasked.length === 1 ? "" : `and ${unasked.length - 1} further steps`,
    recorded: `${first.name} (${first.kind}) ${excerptOf(first.input)}`,
    replayed: described(ended),
    isUntrusted: steps.isTainted,
  });
  return false;
}

function described({ state, error, output }: ReplayRunEnd): string {
  const said = error === null ? excerptOf(output) : `${error.code}: ${error.message}`;
  return `the end: ${state}${said === null ? "" : ` ${said}`}`;
}

/** No program reaches these ends by itself. */
function endedFromOutside({ state, error }: Run): string | undefined {
  if (state === "cancelled") return "the run was cancelled";
  if (state === "outdated") return "the run was stopped because no program continues its journal";
  if (state === "diverged") return "the run was stopped as diverged when it was resumed";
  if (state !== "failed" || error === null) return undefined;
  if (error.code === "timeout" || error.message.startsWith(timeOver))
    return "the run's time was over, and a replay has no time limit";
  return error.message.startsWith(crashLoop) ? "its workers were lost" : undefined;
}
