import assert from "node:assert/strict";
import { test } from "node:test";
import { readTranscript } from "./read-transcript.ts";

type Line = Record<string, unknown>;
const session = { type: "session", version: 3, id: "s", timestamp: "2026-03-01T10:00:00.000Z" };
const said = (id: string, parentId: string | null, role: string, content: unknown, rest: Line = {}): Line => ({
  type: "message",
  id,
  parentId,
  timestamp: "2026-03-01T10:00:01.000Z",
  message: { role, content, ...rest },
});
const asked = said("a", null, "user", "hi");

/** What is said of a transcript: role, text and whether it was taken back. */
async function read(lines: readonly Line[]) {
  const entries = () => [session, ...lines].map((value, index) => ({ seq: index + 1, value }));
  const conversation = {
    key: "k",
    sessionKind: "main",
    title: "t",
    name: "n",
    agent: "main",
    createdAt: undefined,
  } as const;
  const records: Line[] = [];
  for await (const found of readTranscript({ where: "x", entries, conversation }))
    if ("record" in found && found.record.kind === "message") records.push(found.record);
  return records;
}

const odd: [what: string, lines: Line[], said: [role: string, text: string, isTakenBack: boolean][]][] = [
  ["a text as an object", [said("a", null, "user", { type: "text", text: "hi" })], [["user", "hi", false]]],
  ["texts in a list", [said("a", null, "user", ["hi"])], [["user", "hi", false]]],
  ["a last entry without a parent", [asked, { type: "custom", id: "c", customType: "x" }], [["user", "hi", false]]],
  ["a parent that is not there", [said("a", "gone", "user", "hi")], [["user", "hi", false]]],
  [
    "parents in a circle",
    [said("a", "b", "user", "hi"), said("b", "a", "assistant", "yo")],
    [
      ["user", "hi", false],
      ["assistant", "yo", false],
    ],
  ],
  [
    "a branch that was left",
    [asked, said("b", "a", "assistant", "yo"), said("c", "a", "assistant", "no")],
    [
      ["user", "hi", false],
      ["assistant", "yo", true],
      ["assistant", "no", false],
    ],
  ],
  [
    "an answer of a tool by its other name",
    [said("a", null, "tool", "x", { toolCallId: "1" })],
    [["tool", "x", false]],
  ],
];
test("readTranscript() loses no text and no branch of a transcript of another form", async () => {
  for (const [what, lines, expected] of odd)
    assert.deepEqual(
      (await read(lines)).map(({ role, text, isTakenBack }) => [role, text, isTakenBack]),
      expected,
      what,
    );
});

test("readTranscript() reads calls, thinking and times wherever they are written", async () => {
  const answer = said("b", "a", "assistant", [
    { type: "thinking", text: "hm" },
    { type: "tool_use", id: "1", name: "t", input: { a: 1 } },
  ]);
  const { timestamp: _none, ...undated } = said("a", null, "user", "hi", { timestamp: 1_772_359_201_000 });
  const [first, second] = await read([undated, answer]);
  assert.equal(first?.["at"], "2026-03-01T10:00:01.000Z");
  const { toolCalls, reasoning } = second!["content"] as Line;
  assert.deepEqual(toolCalls, [{ toolCallId: "1", toolName: "t", argumentsText: '{"a":1}' }]);
  assert.deepEqual(reasoning, [{ text: "hm" }]);
});
