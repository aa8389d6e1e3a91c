import assert from "node:assert/strict";
import { test } from "node:test";
import { foldPrinted, readPrinted, type Printed } from "./fold-printed.ts";

const fold = (...texts: [step: string, text: string][]) =>
  texts.reduce<Printed | undefined>(
    (before, [step, text]) => foldPrinted(before, { kind: "output", runId: "r", step, text }),
    undefined,
  )!;

test("foldPrinted() keeps what the last step printed, of much of it the end from the beginning of a line", () => {
  assert.equal(fold(["tool:exec#1", "1 of "], ["tool:exec#1", "9\n"]).text, "1 of 9\n");
  assert.deepEqual(fold(["tool:exec#1", "1 of 9\n"], ["tool:exec#2", "again"]), {
    runId: "r",
    step: "tool:exec#2",
    text: "again",
    isCut: false,
  });
  const lines = Array.from({ length: 3_000 }, (_, index) => `line ${index}\n`);
  const long = fold(...lines.map((line): [string, string] => ["tool:exec#1", line]));
  assert.ok(long.isCut && long.text.length <= 20_000);
  assert.match(long.text, /^line \d+\n.*line 2999\n$/s);
});

test("readPrinted() shows what a terminal would: no colours, the last of a line that is written over, nothing hidden", () => {
  assert.equal(readPrinted("\u001b[32mpassed\u001b[0m\r\n 10 %\r 50 %\r100 %\nnext"), "passed\n100 %\nnext");
  assert.equal(readPrinted(" 10 %\r 50 %\r"), " 50 %", "what stands there while the next is to come");
  assert.ok(!readPrinted("a\u202eb\u0007").includes("\u202e"));
});
