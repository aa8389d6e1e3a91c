/** Content for a client of the Model Context Protocol: with its labels, and what is untrusted between delimiters that it cannot contain. */
import { wrapUntrusted } from "@roost/agent";
import { formatLabels, isUntrusted, joinLabels, type Labels } from "@roost/contract/labels";

export interface ToldContent {
  text: string;
  meta: { "roost/labels": string[]; "roost/untrusted": boolean };
}

/** `from`: what it was read from, where its labels name no source. */
export function tellContent(text: string, { labels, from }: { labels: Labels; from: string }): ToldContent {
  const marked = isUntrusted(labels);
  const source = labels.sources.length === 0 ? from : labels.sources.join(" ");
  return {
    text: marked ? wrapUntrusted(text, source) : text,
    meta: { "roost/labels": formatLabels(labels), "roost/untrusted": marked },
  };
}

/**
 * Labels of an answer: its rows', where each of them says its own, else those of the tool with what stands in the answer (`within`). Only of Roost's own answers
 * its rows' alone: what a service passes on could say that it is to be trusted.
 */
export function labelsOfAnswer(
  answer: unknown,
  { within, ofTool, isOwn }: { within: Labels | undefined; ofTool: Labels; isOwn: boolean },
): Labels {
  if (within === undefined) return ofTool;
  return isOwn && isLabelledByRow(answer) ? within : joinLabels(ofTool, within);
}

function isLabelledByRow(answer: unknown): boolean {
  const lists = Object.values(answer as object).filter((value) => Array.isArray(value));
  return lists.length === 1 && lists[0]!.every((row) => Array.isArray((row as { labels?: unknown } | null)?.labels));
}
