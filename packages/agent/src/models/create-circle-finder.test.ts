import assert from "node:assert/strict";
import { test } from "node:test";
import { createCircleFinder, withoutCircle } from "./create-circle-finder.ts";

function feed(text: string): boolean {
  const find = createCircleFinder();
  return (text.match(/.{1,7}/gs) ?? []).map(find).includes(true);
}

test("createCircleFinder() sees a reply that repeats itself to no end, whatever came before", () => {
  assert.equal(feed(`Once upon a time.${" The bird sang, and sang again.".repeat(200)}`), true);
  assert.equal(feed("\n".repeat(5_000)), true);
  for (const sign of ["=", "\n", " ", "🙂", "no", "la ", ". "])
    assert.deepEqual([feed(sign.repeat(800)), feed(`So: ${sign.repeat(40)}`)], [true, false], sign);
  assert.equal(feed(" I will look again.".repeat(100)), true);
  assert.equal(feed(" I will look again.".repeat(40)), false, "too short to be sure");
});

test("createCircleFinder() sees a circle in which only numbers count on", () => {
  const lines = (count: number, line: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => line(index)).join("\n");
  assert.equal(feed(lines(600, (index) => `Step ${index}: I will look at item ${index} once more.`)), true);
  assert.equal(feed(lines(600, (index) => `Attempt ${index % 10}: let me read the file again.`)), true);
  assert.equal(
    feed(lines(600, (index) => `Wait, it is 1${(index * index) % 7}:${(index * 2) % 60} and I still think.`)),
    false,
  );
  assert.equal(
    feed(lines(900, (index) => `At 12:${index % 60} I still think about the ${1000 - index} things.`)),
    true,
  );
  assert.equal(
    feed(lines(200, (index) => `Step ${index}: I will look at item ${index} once more.`)),
    false,
    "too short",
  );
});

test("withoutCircle() leaves half of a circle, and a text without one as it is", () => {
  const text = `Well.\n${"Step 7: I will look again.\n".repeat(500)}`;
  assert.equal(withoutCircle(text).length, text.length - 2_000 + 1);
  const counted = Array.from({ length: 600 }, (_, index) => `Step ${index}: I will look at item ${index}.`).join("\n");
  assert.equal(withoutCircle(counted).length, counted.length - 6_000 + 1);
  assert.equal(withoutCircle("short"), "short");
});

test("createCircleFinder() leaves long lists and tables alone", () => {
  const rows = (count: number, row: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => row(index)).join("\n");
  assert.equal(feed(rows(1_000, (index) => `| ${index} | ${index * index} | yes |`)), false);
  assert.equal(feed(rows(50, () => ".".repeat(50))), false, "a field of signs");
  assert.equal(feed(rows(150, () => "| 0 | 0 | 0 |")), false, "a table of zeros");
  assert.equal(feed(rows(90, () => "yes,yes,no,yes")), false);
  assert.equal(createCircleFinder()("a line of a file\n".repeat(200), { isText: false }), false);
  assert.equal(feed(rows(300, (index) => `2026-11-29 22:${index},0.0,0.0,0.0`)), false);
  assert.equal(feed(rows(2_000, (index) => `2026-11-29 22:${index},0.0,0.0,0.0`)), false);
  assert.equal(feed(rows(900, (index) => `On day ${index} it was ${(index * 7919) % 31} degrees.`)), false);
  assert.equal(feed(rows(900, (index) => `The square of ${index} is ${index * index}, of course.`)), false);
});
