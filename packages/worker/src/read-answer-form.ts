/** The form of the answer that a program asked for with its message, as the loop takes it. */
import type { Tool, WantedAnswer } from "@roost/agent";
import { isJsonObject, type JsonObject } from "@roost/base";
import { createValidator } from "@roost/contract";
import { AnswerForm } from "@roost/contract/operations";
import type { ClaimedRun } from "@roost/kernel";
import { shownNameOf } from "./tools/client-tools.ts";

/** Undefined: any. `tools`: those of the run. */
export function readAnswerForm({ input }: Pick<ClaimedRun, "input">, tools: readonly Tool[]): WantedAnswer | undefined {
  const { data } = AnswerForm.safeParse(input["answerForm"]);
  if (data === undefined) return undefined;
  const { format, mustCall } = data;
  return {
    format: format && formatOf(format),
    mustCall: mustCall?.map((name) => shownNameOf(name, tools)),
  };
}

function formatOf(format: NonNullable<AnswerForm["format"]>): NonNullable<WantedAnswer["format"]> {
  if (format.type === "json_object")
    return { faultsOf: (value) => (isJsonObject(value) ? [] : ["it is JSON, and no object"]) };
  const { name } = format;
  const schema = format.schema as JsonObject;
  return { name, schema, faultsOf: createValidator(schema, { withPatterns: false }) };
}
