import assert from "node:assert/strict";
import { test } from "node:test";
import type { CausalNodeRecord } from "@roost/contract/operations";
import { layOutCauses } from "./lay-out-causes.ts";

const node = (eventId: string, parentId: string | null, type = "run.created") =>
  ({
    eventId,
    parentId,
    type,
    depth: 0,
    subject: null,
    time: "",
    text: type,
    runId: null,
    jobId: null,
  }) as CausalNodeRecord;

test("layOutCauses() puts each event right of its cause, and joins alike ones that nothing came of", () => {
  const steps = Array.from({ length: 5 }, (_, index) => node(`s${index}`, "run", "step.done"));
  const { placed, columnCount, rowCount } = layOutCauses(
    [node("message", null), node("run", "message"), ...steps, node("child", "run"), node("end", "child")],
    "run",
  );
  const told = placed.map((one) => [one.node.eventId, one.count, one.column, one.row, one.from]);
  assert.deepEqual(told, [
    ["message", 1, 0, 0, undefined],
    ["run", 1, 1, 0, 0],
    ["s0", 5, 2, 0, 1],
    ["child", 1, 2, 1, 1],
    ["end", 1, 3, 1, 3],
  ]);
  assert.deepEqual([columnCount, rowCount], [4, 2]);
});

test("layOutCauses() never joins the event that is asked about, and keeps events whose cause is not known", () => {
  const notes = Array.from({ length: 4 }, (_, index) => node(`n${index}`, "gone", "note"));
  assert.equal(layOutCauses(notes, "n0").rowCount, 4);
  const kin = [node("a", null), ...["x", "y", "z", "own"].map((id) => node(id, "a", "note"))];
  assert.deepEqual(
    layOutCauses(kin, "own").placed.map((one) => [one.node.eventId, one.count]),
    [
      ["a", 1],
      ["x", 3],
      ["own", 1],
    ],
  );
});
