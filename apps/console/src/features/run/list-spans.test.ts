import assert from "node:assert/strict";
import { test } from "node:test";
import { listSpans } from "./list-spans.ts";

test("listSpans() names spans as a collector has them, steps below their run, and leaves out what has not begun", () => {
  const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
  const run = (id: string, startedAt: string | null) =>
    ({ id, title: id, state: "running", startedAt, endedAt: null }) as Parameters<typeof listSpans>[0]["run"];
  const step = (runId: string, seq: number, kind: string, name: string) =>
    ({ runId, seq, kind, name, state: "intent", startedAt: at(seq), endedAt: at(seq + 1) }) as Parameters<
      typeof listSpans
    >[0]["steps"][number];
  const steps = [
    step("mine", 1, "context", "context"),
    step("mine", 2, "model", "model"),
    step("child", 1, "tool", "tool:write_file#2"),
  ];
  const spans = listSpans({ run: run("mine", at(0)), children: [run("child", at(1)), run("late", null)], steps });
  assert.deepEqual(
    spans.map(({ name, isChild }) => [name, isChild]),
    [
      ["run mine", false],
      ["step context", true],
      ["chat", true],
      ["run child", false],
      ["execute_tool write_file", true],
    ],
  );
  assert.deepEqual([spans[2]!.from, spans[2]!.to, spans[2]!.state], [Date.parse(at(2)), Date.parse(at(3)), "running"]);
});
