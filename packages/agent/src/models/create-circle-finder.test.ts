import assert from "node:assert/strict";
import { test } from "node:test";
import { createCircleFinder } from "./create-circle-finder.ts";

function feed(text: string): boolean {
  const find = createCircleFinder();
  return (text.match(/.{1,7}/gs) ?? []).map(find).includes(true);
}

test("createCircleFinder() sees a reply that repeats itself to no end, whatever came before", () => {
  assert.equal(feed(`Once upon a time.${" The bird sang, and sang again.".repeat(200)}`), true);
  assert.equal(feed("\n".repeat(5_000)), true);
  assert.equal(feed("la ".repeat(1_000)), false, "too short to be sure");
});

test("createCircleFinder() leaves long lists and tables alone", () => {
  const rows = (count: number, row: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => row(index)).join("\n");
  assert.equal(feed(rows(1_000, (index) => `| ${index} | ${index * index} | yes |`)), false);
  assert.equal(feed(rows(300, (index) => `2026-11-29 22:${index},0.0,0.0,0.0`)), false);
});
