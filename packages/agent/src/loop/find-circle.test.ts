import assert from "node:assert/strict";
import { test } from "node:test";
import { callTool, openLoop, recordingTool } from "./open-loop.fixture.ts";
import { findCircle, roundOf, type Round } from "./find-circle.ts";

const call = (argumentsText: string, toolName = "look") => ({ toolCallId: "c", toolName, argumentsText });
const answer = (text: string) => ({ role: "tool" as const, toolCallId: "c", toolName: "look", text });

/** The first message, from 0, whose calls are found to go round; undefined when none of 40 is. */
function firstCircle(play: (index: number) => [args: string, answer: string, tool?: string]): number | undefined {
  const rounds: Round[] = [];
  for (let index = 0; index < 40; index += 1) {
    const [args, text, tool] = play(index);
    if (findCircle(rounds, [call(args, tool)]) !== undefined) return index;
    rounds.push(roundOf([call(args, tool)], [answer(text)]));
  }
  return undefined;
}

const rows: [what: string, play: Parameters<typeof firstCircle>[0], first: number | undefined][] = [
  ["the same call with the same answer", () => ["{}", "nothing"], 5],
  ["the same call, answered with another time", (index) => ["{}", `nothing at 10:${index + 10}`], 5],
  ["a call with only numbers changed", (index) => [`{"page":${index}}`, "nothing"], 10],
  [
    "a call with only times and ids changed",
    (index) => [`{"at":"2026-01-${index + 10}T10:00Z","id":"0123abcd-${index}"}`, "ok"],
    10,
  ],
  ["two calls in turn", (index) => (index % 2 ? ["{}", "nothing", "a"] : ["{}", "none", "b"]), 10],
  [
    "pages of a text",
    (index) => [`{"from":${index * 100}}`, `text ${"abcdefgh"[index % 8]}${"ijklmn"[index % 6]}`],
    undefined,
  ],
  ["a state that changes in words", (index) => ["{}", index % 2 ? "one" : `word ${"x".repeat(index)}`], undefined],
  ["other calls", (index) => [`{"name":"${"x".repeat(index)}"}`, "ok"], undefined],
];
for (const [what, play, first] of rows)
  test(`findCircle() of ${what}: ${first ?? "none"}`, () => assert.equal(firstCircle(play), first));

test("findCircle() begins anew after something else", () => {
  const same = Array.from({ length: 4 }, () => roundOf([call("{}")], [answer("nothing")]));
  const other = roundOf([call("{}", "other")], [answer("something")]);
  assert.equal(findCircle([...same, other, ...same], [call("{}")]), undefined);
  assert.equal(findCircle([...same, other, ...same, same[0]!], [call("{}")]), 5);
});

test("runAgentLoop() refuses calls that go round in circles, numbers and times apart, and stops a model that does not heed it", async () => {
  const post = recordingTool({ effect: "idempotent", execute: async () => ({ state: "done", output: "nothing new" }) });
  let heeds = true;
  await using loop = await openLoop(({ index, messages }) => {
    const isTold = messages.at(-1)?.content?.includes("with the same answer") === true;
    return isTold && heeds ? "nothing new" : callTool("post", { text: `look again at ${index}` });
  });
  const heeding = await loop.run({ tools: [post] });
  assert.ok(heeding.kind === "replied");
  assert.equal(loop.server.requests.length, 12);
  heeds = false;
  const circling = await loop.run({ tools: [post] });
  assert.ok(circling.kind === "limit_exceeded");
  assert.equal(circling.limit, "repetition");
  assert.match(circling.message, /round in circles/);
  assert.equal(loop.server.requests.length, 12 + 13);
});
