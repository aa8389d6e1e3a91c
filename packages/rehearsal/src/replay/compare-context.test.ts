import assert from "node:assert/strict";
import { test } from "node:test";
import type { AgentContext } from "@roost/agent";
import { compareContext } from "./compare-context.ts";

const context: AgentContext = {
  sections: [
    { name: "SOUL.md", text: "kind" },
    { name: "MEMORY.md", text: "likes tea" },
    { name: "memory/2025-01-01.md", text: "rain" },
    { name: "memory/2025-01-02.md", text: "It is noon." },
  ],
  messages: [
    { role: "user", text: "The event that started this", isUntrusted: true },
    { role: "user", text: "Look" },
  ],
};
const change = (name: string, text: string): AgentContext => ({
  ...context,
  sections: context.sections.map((section) => (section.name === name ? { name, text } : section)),
});

test("compareContext() finds definitions that differ, and names what only tells of the moment", () => {
  const [definition, isTold] = [change("SOUL.md", "stern"), true];
  assert.deepEqual(compareContext(context, context, { isTold }), { differences: [], living: [] });
  assert.deepEqual(compareContext(context, definition, { isTold }).differences, [
    { part: "SOUL.md", recorded: "kind", replayed: "stern", isUntrusted: false },
  ]);
  for (const name of ["MEMORY.md", "memory/2025-01-01.md", "memory/2025-01-02.md"])
    assert.deepEqual(compareContext(context, change(name, "other"), { isTold }), { differences: [], living: [name] });
});

test("compareContext() finds that a section has become untrusted, or is gone", () => {
  const marked = { ...context, sections: [{ name: "SOUL.md", text: "kind", isUntrusted: true }] };
  const { differences, living } = compareContext(context, marked, { isTold: true });
  assert.deepEqual(differences, [{ part: "SOUL.md.isUntrusted", recorded: null, replayed: "true", isUntrusted: true }]);
  assert.deepEqual(living, ["MEMORY.md", "memory/2025-01-01.md", "memory/2025-01-02.md"]);
});

test("compareContext() compares what stands before the question only where it follows from the run itself", () => {
  const [brought, asked] = [{ role: "user" as const, text: "Another event", isUntrusted: true }, context.messages[1]!];
  const other = { ...context, messages: [brought, asked] };
  assert.deepEqual(compareContext(context, other, { isTold: true }).living, ["the conversation before"]);
  const { differences, living } = compareContext(context, other, { isTold: false });
  assert.deepEqual([differences[0]?.part, differences[0]?.isUntrusted, living], ["message 1", true, []]);
  assert.equal(compareContext(context, { ...context, messages: [asked] }, { isTold: false }).differences.length, 1);
});
