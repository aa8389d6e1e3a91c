import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { createFailureList } from "./describe-failures.mjs";

const root = "/clone";
const testAt = (name, error) => ({
  name,
  file: join(root, "packages/a/one.test.ts"),
  line: 7,
  column: 1,
  details: { error },
});
const failed = (cause, failureType = "testCodeFailure") =>
  Object.assign(new Error("test failed", { cause }), { failureType });

test("createFailureList() tells each failure with its place and error, and no suite that failed because of one", () => {
  const list = createFailureList({ root });
  assert.equal(list.describe(), "");
  const cause = new assert.AssertionError({ actual: 202, expected: 401, operator: "strictEqual" });
  list.fail(testAt("a suite", failed(undefined, "subtestsFailed")));
  list.fail(testAt("stopped with the others", failed(new Error("aborted"), "testAborted")));
  list.fail(testAt("refuses", failed(cause)));
  const lines = list.describe().split("\n");
  assert.deepEqual(lines.slice(0, 2), ["2 failed:", "✖ packages/a/one.test.ts:7 refuses"]);
  assert.ok(
    lines.some((line) => line.includes("202 !== 401")),
    lines.join("\n"),
  );
  assert.ok(lines.indexOf("✖ packages/a/one.test.ts:7 stopped with the others") > 2);
  assert.ok(!lines.some((line) => line.includes("a suite") || line.includes("node:internal")));
});

test("createFailureList() keeps what is long short, and names what had not ended", () => {
  const list = createFailureList({ root });
  for (let count = 0; count < 25; count += 1)
    list.fail(testAt(`fails ${count}`, failed(`${"x".repeat(1_000)}\n`.repeat(100))));
  const [first, second] = [testAt("ends"), testAt("hangs")];
  for (const each of [first, second]) list.begin(each);
  list.end(first);
  const text = list.describe();
  assert.match(text, /^25 failed:\n✖ .* fails 0\n {4}x+ …\n/);
  assert.match(text, /… 70 more lines\n✖ .*fails 1\n/);
  assert.match(text, /and 5 more: see above\nhad not ended: packages\/a\/one\.test\.ts:7 hangs$/);
});

test("createFailureList() tells what a process wrote that failed as a whole", () => {
  const list = createFailureList({ root });
  const entry = join(root, "entries/1.mjs");
  list.write({ file: entry, message: "it is " });
  list.write({ file: entry, message: "left open\n" });
  list.fail({ name: entry, file: entry, line: 1, column: 1, details: { error: failed("test failed") } });
  assert.equal(list.describe(), `1 failed:\n✖ entries/1.mjs:1 ${entry}\n    it is left open`);
});
