// The model call as one durable step. Its recorded output is the whole message, so that no tool runs before the message that asked for it is safe.

import { openLabels, type Labels } from "@roost/contract/labels";
import type { ModelCallOutcome, ModelReply, ModelRequest } from "../models/models.ts";
import type { StepOutcome, StepResult } from "../steps/step-runner.ts";
import { formOfRequest } from "./take-answer.ts";
import type { Loop } from "./loop.ts";
import { recordRequest, type RequestRecord } from "./request-record.ts";
import { failedByLimit, toStepError } from "./step-errors.ts";

/** The record of a model step that ended well or must be followed by a compaction. */
export type ModelStepOutput = (ModelReply | Extract<ModelCallOutcome, { kind: "context_exceeded" }>) & {
  /** Missing in steps recorded before it existed. */
  request?: RequestRecord;
};

export async function runModelStep(loop: Loop): Promise<{ step: string; outcome: StepOutcome<ModelStepOutput> }> {
  const { state } = loop;
  const { keepPart: keep } = loop.options;
  state.modelStepCount += 1;
  const step = `model#${state.modelStepCount}`;
  state.shownText = "";
  const outcome = await loop.options.steps.step<ModelStepOutput>(
    step,
    {
      kind: "model",
      effect: "readonly",
      // Independent of configuration: a replay compares it.
      input: { messageCount: state.messages.length },
    },
    async (call) => {
      const signal = AbortSignal.any([call.signal, loop.signal]);
      const request: ModelRequest = {
        sections: state.sections,
        messages: state.messages,
        ...formOfRequest(loop),
        outputTokensMax: loop.limits.outputTokensMax,
        isStartedByPerson: loop.options.isStartedByPerson === true,
        readPart: loop.options.readPart,
        keepPart: keep && (async (file) => await keep({ ...file, labels: await call.labels() })),
      };
      try {
        const result = await loop.options.model.call(request, {
          signal,
          step,
          reserveSpend: loop.limits.reserveSpend,
          onDelta: (delta) => loop.watchReply(step, delta),
        });
        return toStepResult(result, await markRequest(loop, request));
      } catch (error) {
        if (loop.isPastDeadline() && !loop.options.signal.aborted && !call.signal.aborted) return pastDeadline(loop);
        throw error;
      }
    },
  );
  if (outcome.state === "done" && outcome.output.request !== undefined) {
    const { messageCount, tools } = outcome.output.request;
    state.requests = { ...state.requests, messageCount, tools };
  }
  return { step, outcome };
}

async function markRequest(loop: Loop, request: ModelRequest): Promise<RequestRecord> {
  const [first] = (await loop.options.model.describe()).providers;
  const outputTokensMax = request.outputTokensMax ?? first?.outputTokensMax ?? 0;
  return recordRequest({ ...request, outputTokensMax }, { model: first?.model ?? "", soFar: loop.state.requests });
}

/** A model's text has a model's trust, whatever the model was shown. */
export const modelLabels: Labels = { ...openLabels, trust: "agent" };

function toStepResult(result: ModelCallOutcome, request: RequestRecord): StepResult<ModelStepOutput> {
  switch (result.kind) {
    case "message": {
      const { model, provider } = result.message;
      const saved = result.savedUsd === undefined ? {} : { savedUsd: result.savedUsd };
      const usage = { ...result.usage, ...saved, model, provider };
      return { state: "done", output: { ...result, request }, labels: modelLabels, usage, costUsd: result.costUsd };
    }
    case "context_exceeded":
      return { state: "done", output: { ...result, request } };
    case "spend_refused":
      return { state: "failed", error: failedByLimit(result.message, { limit: "spend", cap: result.cap }) };
    case "failed":
      return { state: "failed", error: toStepError(result) };
  }
}

function pastDeadline(loop: Loop): StepResult<never> {
  return { state: "failed", error: failedByLimit(loop.deadlineMessage(), { limit: "wall_clock" }) };
}
