import assert from "node:assert/strict";
import { test } from "node:test";
import { errorCodes } from "@roost/base";
import { errorCodeOfExit, errorCodeOfStatus, exitCodeOf, httpStatusOf } from "./status-codes.ts";

test("httpStatusOf() and errorCodeOfStatus() are each other's reverse for every code", () => {
  for (const code of errorCodes) assert.equal(errorCodeOfStatus(httpStatusOf(code)), code);
});

test("errorCodeOfStatus() has a code for statuses that Roost never sends", () => {
  assert.deepEqual([408, 413, 418, 502, 507].map(errorCodeOfStatus), [
    "timeout",
    "limit_exceeded",
    "invalid_input",
    "unavailable",
    "internal",
  ]);
});

test("exitCodeOf() differs for every code and is neither success, a shell's own code nor a signal", () => {
  const exitCodes = errorCodes.map(exitCodeOf);
  assert.equal(new Set(exitCodes).size, errorCodes.length);
  assert.ok(exitCodes.every((exitCode) => exitCode >= 64 && exitCode < 126));
  assert.deepEqual([...exitCodes, 0, 1, null].map(errorCodeOfExit), [...errorCodes, undefined, undefined, undefined]);
});
