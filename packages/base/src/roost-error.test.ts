import assert from "node:assert/strict";
import { test } from "node:test";
import { errorCodes, isErrorCode, RoostError, toRoostError } from "./roost-error.ts";

test("RoostError keeps code, details and cause", () => {
  const cause = new Error("below");
  const error = new RoostError("conflict", "version 3 is not the newest", { cause, details: { version: 3 } });
  assert.ok(error instanceof Error);
  assert.equal(error.name, "RoostError");
  assert.equal(error.code, "conflict");
  assert.deepEqual(error.details, { version: 3 });
  assert.equal(error.cause, cause);
  assert.equal("cause" in new RoostError("internal", "x"), false);
});

test("RoostError.retryable follows from the code alone", () => {
  const retryable = errorCodes.filter((code) => new RoostError(code, "x").retryable);
  assert.deepEqual(retryable, ["timeout", "unavailable"]);
});

test("isErrorCode() accepts the closed list only", () => {
  assert.equal(isErrorCode("not_found"), true);
  assert.equal(isErrorCode("teapot"), false);
  assert.equal(isErrorCode(undefined), false);
});

test("toRoostError() returns a RoostError unchanged", () => {
  const error = new RoostError("forbidden", "no");
  assert.equal(toRoostError(error), error);
});

test("toRoostError() makes aborts and time limits `timeout`", () => {
  assert.equal(toRoostError(AbortSignal.abort().reason).code, "timeout");
  assert.equal(toRoostError(new DOMException("late", "TimeoutError")).code, "timeout");
  assert.equal(toRoostError(Object.assign(new Error("x"), { code: "ETIMEDOUT" })).code, "timeout");
});

test("toRoostError() finds an unreachable peer below fetch's own error, and says which", () => {
  const refused = Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:9"), { code: "ECONNREFUSED" });
  const error = toRoostError(new TypeError("fetch failed", { cause: refused }));
  assert.equal(error.code, "unavailable");
  assert.equal(error.message, "fetch failed: connect ECONNREFUSED 127.0.0.1:9");
});

test("toRoostError() makes anything else `internal` and keeps it as cause", () => {
  const thrown = { odd: true };
  const error = toRoostError(thrown);
  assert.equal(error.code, "internal");
  assert.equal(error.cause, thrown);
  assert.match(error.message, /\{"odd":true\}/);
});

test("toRoostError() ends on a circle of causes", () => {
  const circle = new Error("round");
  circle.cause = circle;
  assert.equal(toRoostError(circle).code, "internal");
});
