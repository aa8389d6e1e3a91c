import assert from "node:assert/strict";
import { test } from "node:test";
import { contextPaths } from "../visibility/context-paths.ts";
import { leaveOrder } from "./leave-order.ts";

test("leaveOrder() lets knowledge leave before who the agent is, and keeps its instructions and what it checks", () => {
  const files = contextPaths({ kind: "heartbeat" }, "2026-03-02");
  const leaving = files
    .filter((name) => leaveOrder(name) !== undefined)
    .toSorted((a, b) => leaveOrder(a)! - leaveOrder(b)!);
  assert.deepEqual(leaving, [
    "memory/2026-03-01.md",
    "memory/2026-03-02.md",
    "TOOLS.md",
    "MEMORY.md",
    "USER.md",
    "IDENTITY.md",
    "SOUL.md",
    "AGENTS.md",
  ]);
  for (const name of ["Instructions", "HEARTBEAT.md", "This session", "Not done yet"])
    assert.equal(leaveOrder(name), undefined, name);
});
