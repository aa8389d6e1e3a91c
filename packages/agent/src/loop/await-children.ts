// Waits for the runs that a tool call has started, each as a step of its own, and makes the answer of the call from their results. The runs go on
// at the same time; whichever ends first, the steps are in the order of the call.

import type { JsonValue } from "@roost/base";
import { formatLabels, isUntrusted, joinLabels, openLabels, parseLabels, type Labels } from "@roost/contract/labels";
import type { ChildResult, Children } from "../tools/children.ts";
import { shorten, type ToolOutput } from "../tools/execute-tool.ts";
import type { Loop } from "./loop.ts";

/** @throws what `steps.step` throws */
export async function awaitChildren(loop: Loop, output: ToolOutput, step: string): Promise<ToolOutput> {
  const { children: waiting, steps } = loop.options;
  const { children = [], ...said } = output;
  if (waiting === undefined || children.length === 0) return output;
  const charsMax = Math.floor(loop.limits.toolResultCharsMax / children.length);
  const texts: string[] = said.text === "" ? [] : [said.text];
  let labels = labelsOf(said.labels);
  for (const [index, child] of children.entries()) {
    const outcome = await steps.step<JsonValue>(
      `${step.replace(/^tool:/, "child:")}.${index + 1}`,
      { kind: "child", effect: "readonly", input: { runId: child.runId, name: child.name } },
      (call) => waiting.wait(child, call),
    );
    const result = resultOf(outcome, waiting);
    labels = joinLabels(labels, result.labels);
    texts.push(`## ${child.name} (run ${child.runId})\n${shorten(result.text, charsMax)}`);
  }
  return { ...output, text: texts.join("\n\n"), labels: formatLabels(labels), isUntrusted: isUntrusted(labels) };
}

function resultOf(outcome: Awaited<ReturnType<Loop["options"]["steps"]["step"]>>, { read }: Children): ChildResult {
  switch (outcome.state) {
    case "answered":
      return read(outcome.answer);
    case "done":
      return read(outcome.output as JsonValue);
    case "failed":
      return {
        text: `Error (${outcome.error.code}): ${outcome.error.message}`,
        labels: labelsOf(outcome.error.labels),
      };
    case "unknown":
      return { text: `Its result is not known: ${outcome.message}`, labels: labelsOf(outcome.labels) };
  }
}

/** Where none are recorded it is Roost's own. */
function labelsOf(texts: readonly string[] | undefined): Labels {
  return texts === undefined ? openLabels : parseLabels(texts);
}
