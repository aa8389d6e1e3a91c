/** Ids of responses and of tool calls, which tell the run that they belong to. Whether it is the caller's is looked up. */

/** `modelSeq`: the step of the message that asked for the call; `index`: its place among the calls of that message. */
export interface CallPlace {
  runId: string;
  modelSeq: number;
  index: number;
}

export function formatCallId({ runId, modelSeq, index }: CallPlace): string {
  return `call_${runId.replaceAll("-", "")}_${modelSeq}_${index}`;
}

export function parseCallId(text: string): CallPlace | undefined {
  const [, hex = "", modelSeq, index] = /^call_([0-9a-f]{32})_(\d{1,6})_(\d{1,4})$/.exec(text) ?? [];
  const runId = toUuid(hex);
  return runId === undefined ? undefined : { runId, modelSeq: Number(modelSeq), index: Number(index) };
}

/** Each part of a turn, between calls of the program's tools, is a response of its own. */
export function formatResponseId(runId: string, afterSeq: number): string {
  return `resp_${runId.replaceAll("-", "")}${afterSeq === 0 ? "" : `_${afterSeq}`}`;
}

/** The run of a response. */
export function parseResponseId(text: string): string | undefined {
  return toUuid(/^resp_([0-9a-f]{32})(?:_\d{1,6})?$/.exec(text)?.[1] ?? "");
}

function toUuid(hex: string): string | undefined {
  return hex === "" ? undefined : hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
