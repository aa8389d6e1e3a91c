/**
 * Tools that the program offers which passed on a message: a call of one waits until the program tells its result. The program makes the call,
 * with its own rights; Roost only asks for it.
 */
import type { Tool } from "@roost/agent";
import { isJsonObject, type JsonValue } from "@roost/base";
import { parseLabels, type Labels } from "@roost/contract/labels";
import { ClientTool } from "@roost/contract/operations";
import {
  listSteps,
  readCorrelation,
  readLimitMax,
  type ClaimedRun,
  type Kernel,
  type WaitRequest,
} from "@roost/kernel";
import { seqOfKey } from "../steps/step-key.ts";
import { toJson } from "./tool-context.ts";

/** A program that does not come back in this time gave no result. */
const waitMsMax = 24 * 3_600_000;

/** `taken`: names of other tools, which keep them. */
export function clientTools(kernel: Kernel, run: ClaimedRun, taken: ReadonlySet<string>): Tool[] {
  const given = run.input["clientTools"];
  if (!Array.isArray(given)) return [];
  return given.flatMap((one) => {
    const { data } = ClientTool.safeParse(one);
    return data === undefined
      ? []
      : [clientTool(kernel, run, taken.has(data.name) ? { ...data, name: otherName(data.name) } : data)];
  });
}

/** Both names that each may have: all of them are shown to the model. */
export function clientToolNames({ input: { clientTools: given } }: ClaimedRun): string[] {
  if (!Array.isArray(given)) return [];
  return given.flatMap((one) => {
    const name = isJsonObject(one) ? one["name"] : undefined;
    return typeof name === "string" ? [name, otherName(name)] : [];
  });
}

/** The name that the model knows a program's tool by. */
export function shownNameOf(name: string, tools: readonly Pick<Tool, "name">[]): string {
  return tools.some((tool) => tool.name === otherName(name)) ? otherName(name) : name;
}

/** Of a tool whose own name another one has. */
function otherName(name: string): string {
  return `client_${name}`.slice(0, 64);
}

function clientTool(kernel: Kernel, run: ClaimedRun, { name, description, parameters }: ClientTool): Tool {
  return {
    name,
    description: description ?? `A tool of the program that passes on the message`,
    input: { jsonSchema: parameters as { [key: string]: JsonValue }, validate: () => [] },
    effect: "idempotent",
    readAnswer: readText,
    async execute(_input, { toolCallId, idempotencyKey }) {
      const callKey = await keyOfCall(kernel, run, { toolCallId, idempotencyKey });
      // All results of a message come at once, while its first call waits.
      const known = await findAnswer(kernel, run, callKey);
      if (known !== undefined) return { state: "done", output: known.text, labels: known.labels };
      const wait: WaitRequest = {
        kind: "event",
        eventType: "tool.answered",
        filter: { runId: run.id, callKey },
        until: new Date(kernel.clock.nowMs() + waitMsMax),
      };
      return { state: "waiting", wait: toJson(wait) };
    },
  };
}

/** Steps that may stand between a message and one of its calls. */
const stepsPerMessageMax = 200;

/** Some servers count the calls of each message anew: with the step of the message an id is unique. */
async function keyOfCall(
  { database }: Kernel,
  run: ClaimedRun,
  { toolCallId, idempotencyKey }: { toolCallId: string; idempotencyKey: string },
): Promise<string> {
  const seq = seqOfKey(idempotencyKey);
  const before = { after: Math.max(0, seq - 1 - stepsPerMessageMax), limit: stepsPerMessageMax };
  const steps = await listSteps(database, run.id, before);
  const message = steps.findLast((step) => step.kind === "model" && step.seq < seq);
  return `${message?.seq ?? 0}:${toolCallId}`.slice(0, 200);
}

async function findAnswer(
  kernel: Kernel,
  run: ClaimedRun,
  callKey: string,
): Promise<{ text: string; labels: Labels } | undefined> {
  const events = await readCorrelation(kernel.database, run.correlation, { limit: readLimitMax });
  const found = events.find(
    ({ type, data }) => type === "tool.answered" && data["runId"] === run.id && data["callKey"] === callKey,
  );
  return found && { text: textOf(found.data), labels: parseLabels(found.labels) };
}

/** Of the event that ended the wait. */
function readText(answer: JsonValue): string {
  const event = isJsonObject(answer) ? answer["event"] : undefined;
  const data = isJsonObject(event) ? event["data"] : undefined;
  return isJsonObject(data) ? textOf(data) : "The program gave no result";
}

function textOf({ text }: { [key: string]: JsonValue }): string {
  return typeof text === "string" ? text : "";
}
