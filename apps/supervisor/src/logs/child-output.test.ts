import assert from "node:assert/strict";
import { test } from "node:test";
import { createFakeClock } from "@roost/base";
import { createChildOutput } from "./child-output.ts";

function record() {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string) => {
    assert.ok(line.endsWith("\n") && line.indexOf("\n") === line.length - 1);
    lines.push(JSON.parse(line) as Record<string, unknown>);
  };
  return { lines, output: createChildOutput("worker-1", write, createFakeClock(0)) };
}

test("createChildOutput() keeps a JSON line and adds the child's name", () => {
  const { lines, output } = record();
  output.take("stdout", Buffer.from('{"level":"info","message":"hi","n":1}\n'));
  assert.deepEqual(lines, [{ level: "info", message: "hi", n: 1, process: "worker-1" }]);
});

test("createChildOutput() makes a line of anything else", () => {
  const { lines, output } = record();
  output.take("stderr", Buffer.from("FATAL ERROR: out of memory\n\n{broken\n"));
  assert.deepEqual(lines, [
    { time: "1970-01-01T00:00:00.000Z", level: "error", process: "worker-1", message: "FATAL ERROR: out of memory" },
    { time: "1970-01-01T00:00:00.000Z", level: "error", process: "worker-1", message: "{broken" },
  ]);
  assert.equal(output.lastError(), "FATAL ERROR: out of memory");
});

test("createChildOutput() puts lines together that arrive in pieces, also within a character", () => {
  const { lines, output } = record();
  const bytes = Buffer.from("größer\nlast");
  for (const byte of bytes) output.take("stdout", Buffer.from([byte]));
  output.end();
  assert.deepEqual(
    lines.map(({ message }) => message),
    ["größer", "last"],
  );
});

test("createChildOutput() cuts a line that has no end", () => {
  const { lines, output } = record();
  output.take("stdout", Buffer.alloc(200_000, "x"));
  assert.equal(lines.length, 3);
  assert.ok(lines.every(({ message }) => String(message).length <= 65_536));
});

test("createChildOutput() remembers the last error with its cause, and no warning", () => {
  const { output } = record();
  output.take(
    "stdout",
    Buffer.from('{"level":"error","message":"cannot listen","error":{"message":"port 7717 is taken"}}\n'),
  );
  output.take("stdout", Buffer.from('{"level":"warn","message":"slow"}\n'));
  output.take("stderr", Buffer.from("    at main.ts:1\n"));
  assert.equal(output.lastError(), "cannot listen: port 7717 is taken");
});
