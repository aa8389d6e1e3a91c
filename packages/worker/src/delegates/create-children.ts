/** Connects the loop's children to the kernel: a step waits for a child, and its result is read from the wait's answer. */
import type { ChildResult, Children } from "@roost/agent";
import type { JsonObject, JsonValue } from "@roost/base";
import { formatLabels, parseLabels } from "@roost/contract/labels";
import { getRun, isTerminal, type ClaimedRun, type Kernel, type WaitResult } from "@roost/kernel";

export function createChildren(kernel: Kernel, run: Pick<ClaimedRun, "id">): Children {
  return {
    wait: async ({ runId }) => {
      const child = await getRun(kernel.database, runId);
      if (child.parentRunId === run.id) return { state: "waiting", wait: { kind: "child", runId } };
      // A fork or a later attempt of the run that started it: what it had to say is there, or is none of this run's.
      if (!isTerminal(child.state)) {
        const message = `run ${runId} belongs to run ${child.parentRunId}, from whose steps this run goes on; delegate the task again`;
        return { state: "failed", error: { code: "conflict", message, isRetryable: false } };
      }
      const labels = await kernel.labelSets.read(kernel.database, child.labels);
      const { id, state, output, error } = child;
      const answer: WaitResult = { kind: "child", run: { id, state, output, error, labels: formatLabels(labels) } };
      return { state: "done", output: answer as unknown as JsonValue, labels };
    },
    read: readChildResult,
  };
}

/** The result of a child, for the run that started it. */
export function readChildResult(answer: JsonValue): ChildResult {
  const result = answer as unknown as WaitResult;
  if (result.kind !== "child") return { text: "It did not end in time", labels: parseLabels([]) };
  const { state, output, error, labels } = result.run;
  return { text: textOf({ state, output, error }), labels: parseLabels(labels) };
}

function textOf({
  state,
  output,
  error,
}: Pick<Extract<WaitResult, { kind: "child" }>["run"], "state" | "output" | "error">): string {
  const said = (output as JsonObject | null)?.["text"];
  const text = typeof said === "string" ? said : "";
  if (state === "done") return text === "" ? "(it is done and said nothing)" : text;
  const why = error === null ? "" : ` (${error.code}): ${error.message}`;
  return `It ${state === "failed" ? "failed" : `was ${state}`}${why}${text === "" ? "" : `\nUntil then it had: ${text}`}`;
}
