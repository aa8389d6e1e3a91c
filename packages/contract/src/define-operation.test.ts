import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { defineOperation, type OperationOptions } from "./define-operation.ts";

type Options = OperationOptions<string, z.ZodObject, z.ZodType, boolean>;

const base: Options = {
  id: "cancelRun",
  method: "POST",
  path: "/runs/{runId}/cancel",
  summary: "Cancels a run",
  input: z.object({ runId: z.string() }),
  output: z.object({}),
  effect: "idempotent",
};

test("defineOperation() names the path's parameters and fills in what is left out", () => {
  const operation = defineOperation(base);
  assert.deepEqual(operation.pathParameters, ["runId"]);
  assert.deepEqual(
    [operation.errors, operation.labels, operation.stream, operation.description],
    [[], [], false, undefined],
  );
});

test("defineOperation() refuses parts that do not agree, and says which", () => {
  const nested = z.object({ runId: z.string(), filter: z.object({ a: z.string() }) });
  const wrong: [Partial<Options>, RegExp][] = [
    [{ id: "CancelRun" }, /lower camel case/],
    [{ path: "runs" }, /must be like/],
    [{ path: "/runs/{run_id}" }, /must be like/],
    [{ path: "/runs/{other}" }, /no field for \{other\}/],
    [{ path: "/runs/{runId}", input: z.object({ runId: z.array(z.string()) }) }, /must be a scalar/],
    [{ summary: "Cancels a run." }, /ends with a period/],
    [{ method: "GET" }, /GET must be readonly/],
    [{ method: "GET", effect: "readonly", input: nested }, /"filter" cannot be written in a query string/],
    [{ method: "DELETE", input: nested }, /"filter" cannot be written in a query string/],
    [{ stream: true, effect: "readonly" }, /read with GET/],
    [{ stream: true, method: "GET", effect: "readonly" }, /needs "after"/],
  ];
  for (const [change, message] of wrong) {
    assert.throws(() => defineOperation({ ...base, ...change }), message, JSON.stringify(change));
  }
});
