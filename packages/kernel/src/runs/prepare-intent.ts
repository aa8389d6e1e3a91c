/** Checks a step before it begins: its bounds, its input as text, and the hash by which a replay recognises it. Writes nothing. */
import { createHash } from "node:crypto";
import { canonicalJson, RoostError, type JsonValue } from "@roost/base";
import { runLimits, type Effect, type Owned } from "./run.ts";
import { toJsonText } from "./to-json-text.ts";

export interface StepRequest {
  /** Its place in the run, from 1, the same in every replay. */
  seq: number;
  name: string;
  kind: string;
  effect: Effect;
  input?: JsonValue | undefined;
}

function checkStep(request: StepRequest): void {
  if (!Number.isInteger(request.seq) || request.seq < 1)
    throw new RoostError("invalid_input", `a step's seq is ${request.seq}: give a whole number from 1`);
  if (request.seq > runLimits.stepsMax) {
    throw new RoostError(
      "limit_exceeded",
      `the run has reached step ${request.seq} (limit ${runLimits.stepsMax}): let it end, or hand the rest to a further run`,
    );
  }
  if (request.name.length === 0 || request.name.length > 200)
    throw new RoostError("invalid_input", `a step's name has ${request.name.length} characters: give one of 1 to 200`);
  if (request.kind.length === 0 || request.kind.length > 64)
    throw new RoostError("invalid_input", `a step's kind has ${request.kind.length} characters: give one of 1 to 64`);
}

/** A step that has been checked and is ready to be written. */
export interface PreparedStep {
  request: StepRequest;
  inputHash: string;
  inputText: string;
}

/** @throws RoostError `invalid_input` for a malformed step, `limit_exceeded` for one too many or too large */
export function prepareIntent(owned: Owned, request: StepRequest): PreparedStep {
  checkStep(request);
  const what = `the input of step ${request.seq} of run ${owned.runId}`;
  return {
    request,
    inputHash: hashInput(request.input ?? null),
    inputText: toJsonText(request.input, { what, bytesMax: runLimits.stepInputBytesMax }),
  };
}

/** SHA-256 of a JSON value, independent of the order of keys. */
export function hashInput(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex");
}
