/**
 * The labels of a run: the join of its context and of all it has read since. They only grow, and only here; the kernel stores them with the step
 * that read more (`StepOutcome.runLabels`).
 */
import type { StepResult } from "@roost/agent";
import { areSameLabels, joinLabels, missingLabels, openLabels, parseLabels, type Labels } from "@roost/contract/labels";
import { readRunLabels, type ClaimedRun, type Kernel } from "@roost/kernel";

export interface RunMark {
  /** Current labels. */
  read(): Promise<Labels>;
  /** Joins a step's result: returns the label sets of the step and the run, to be recorded with it. */
  join(result: StepResult<unknown>): Promise<{ labels?: number | undefined; runLabels?: number }>;
  /** Joins an answer, which the kernel has already recorded. */
  hear(labels: Labels | undefined): Promise<void>;
}

export function createRunMark(kernel: Kernel, run: Pick<ClaimedRun, "id" | "labels">): RunMark {
  let mark: Labels | undefined;
  const read = async () => (mark ??= await kernel.labelSets.read(kernel.database, run.labels));
  const raise = async (labels: Labels) => {
    mark = joinLabels(await read(), labels);
  };
  return {
    read,
    async join(result) {
      const labels = labelsOf(result);
      const isCall = isCallInItsName(result);
      if (labels === undefined && !isCall) return {};
      if (labels !== undefined) await raise(labels);
      if (isCall) await raise(await readRunLabels(kernel, run.id));
      for (;;) {
        const wanted = await read();
        const number = await numberOf(kernel, wanted);
        // Steps may end together: a set recorded later must not undo what another step has added.
        if (wanted === mark) return { labels: number, runLabels: number };
      }
    },
    async hear(labels = missingLabels) {
      if (!areSameLabels(labels, openLabels)) await raise(labels);
    },
  };
}

/** Of a tool that calls others in the run's name: who answered has marked the run with what it was told. */
function isCallInItsName(result: StepResult<unknown>): boolean {
  const said = result.state === "done" ? result.output : result.state === "failed" ? result.error.details : undefined;
  return typeof said === "object" && said !== null && "origin" in said;
}

/** Also an error may quote what was read. */
function labelsOf(result: StepResult<unknown>): Labels | undefined {
  if (result.state === "done") return result.labels;
  const texts =
    result.state === "failed" ? result.error.labels : result.state === "unknown" ? result.labels : undefined;
  return texts && parseLabels(texts);
}

/** A new set is stored at once: it has no effect by itself. */
async function numberOf({ labelSets, database }: Kernel, labels: Labels): Promise<number> {
  const known = labelSets.find(labels);
  if (known !== undefined) return known;
  const [number] = await labelSets.number(database, [labels]);
  labelSets.remember([labels], [number!]);
  return number!;
}
