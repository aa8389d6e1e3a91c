import assert from "node:assert/strict";
import { test } from "node:test";
import { errorCodes, RoostError } from "@roost/base";
import { fromProblem } from "./from-problem.ts";
import { Problem, toProblem } from "./problem.ts";

const instance = "urn:uuid:0";

test("toProblem() and fromProblem() keep code, message and details of every code but internal", () => {
  for (const code of errorCodes) {
    const problem = toProblem(new RoostError(code, "it broke", { details: { limit: 5 } }), { instance });
    assert.ok(Problem.safeParse(problem).success);
    const error = fromProblem(problem.status, JSON.parse(JSON.stringify(problem)));
    assert.equal(error.code, code);
    if (code === "internal") continue;
    assert.equal(error.message, "it broke");
    assert.deepEqual(error.details, { limit: 5, instance, status: problem.status });
  }
});

test("toProblem() says nothing of what went wrong inside, only where it is written", () => {
  const error = new RoostError("internal", "password of table x", {
    details: { secret: 1 },
    cause: new Error("select"),
  });
  const text = JSON.stringify(toProblem(error, { instance }));
  assert.doesNotMatch(text, /password|secret|select/);
  assert.match(text, /its log has the reason under urn:uuid:0/);
});

test("toProblem() does not pass on what the database says of its tables", () => {
  for (const code of ["invalid_input", "conflict", "limit_exceeded", "timeout", "unavailable", "internal"] as const) {
    const details = { sqlState: "22P02", constraint: "plant_pkey", table: "plant", reason: "known" };
    const error = new RoostError(code, 'PostgreSQL: invalid input syntax for type uuid: "x" of plant', { details });
    const problem = toProblem(error, { instance });
    assert.equal(problem.code, code);
    assert.doesNotMatch(JSON.stringify(problem), /PostgreSQL|uuid: |plant|22P02/);
    if (code !== "internal") assert.deepEqual(problem.details, { reason: "known" });
  }
});

test("toProblem() leaves out details that JSON cannot hold, and the finer status", () => {
  const circle: Record<string, unknown> = { httpStatus: 413 };
  const small = new RoostError("limit_exceeded", "too long", { details: { ...circle } });
  const problem = toProblem(small, { instance, status: 413 });
  assert.deepEqual([problem.status, problem.details], [413, undefined]);
  circle["self"] = circle;
  assert.equal(toProblem(new RoostError("conflict", "x", { details: circle }), { instance }).details, undefined);
});

test("fromProblem() makes do with a status alone, and with nonsense", () => {
  for (const body of [undefined, null, "text", [], { code: "teapot", detail: 5 }]) {
    const error = fromProblem(503, body);
    assert.equal(error.code, "unavailable");
    assert.equal(error.message, "the server answered with status 503");
  }
});

test("toProblem() tells moments in the zone of its reader", () => {
  const error = new RoostError("conflict", "it was done at 2026-11-30T23:05:09.123Z");
  assert.equal(toProblem(error, { instance, timeZone: "Asia/Tokyo" }).detail, "it was done at 2026-12-01 08:05:09");
  assert.equal(toProblem(error, { instance }).detail, error.message);
});
