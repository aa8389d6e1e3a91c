import assert from "node:assert/strict";
import { test } from "node:test";
import { nameKey } from "./name-key.ts";
import { isWrittenAlike, nameSounds } from "./name-sounds.ts";

const soundAlike = (one: string, other: string): boolean =>
  nameSounds(one).sound === nameSounds(other).sound || nameSounds(one).long === nameSounds(other).long;

test("nameSounds() is the same for names that are spoken alike, in any order of their words", () => {
  for (const [one, other] of [
    ["Jon Smyth", "John Smith"],
    ["Smyth, Bob", "Robert Smith"],
    ["Stephan Müller", "Stefan Muller"],
    ["Sara Björk", "Sarah Bjork"],
    ["Кира Лис", "Лис Кира"],
  ] as const)
    assert.ok(soundAlike(one, other), `${one}, ${other}`);
  for (const [one, other] of [
    ["Ida Berg", "Mats Berg"],
    ["Jon Smyth", "Jane Smart"],
  ] as const)
    assert.ok(!soundAlike(one, other), `${one}, ${other}`);
});

test("nameSounds() of no word is none", () => {
  for (const name of ["", "?"]) assert.deepEqual(nameSounds(name), { sound: "", long: "" });
});

test("isWrittenAlike() knows a slip of the pen from another name", () => {
  const alike = (one: string, other: string) => isWrittenAlike(nameKey(one), nameKey(other));
  assert.ok(alike("Mikael Ekström", "Michael Ekstrom") && alike("Jhon Smith", "John Smith"));
  assert.ok(!alike("Ida Berg", "Ada Borg") && !alike("Li", "Lo"));
});
