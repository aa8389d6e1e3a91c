import assert from "node:assert/strict";
import { test } from "node:test";
import { createFakeClock } from "./clock.ts";
import { createId, createIdSource } from "./create-id.ts";

const uuid7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** How many ids are not greater than the one before them. */
function countUnordered(ids: string[]): number {
  return ids.filter((id, index) => index > 0 && id <= (ids[index - 1] as string)).length;
}

test("createId() is a UUID version 7 of the present time", () => {
  const beforeMs = Date.now();
  const id = createId();
  assert.match(id, uuid7);
  const idMs = Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16);
  assert.ok(idMs >= beforeMs && idMs <= Date.now() + 1000);
});

test("createId() ascends and never repeats within a process", () => {
  const ids = Array.from({ length: 50_000 }, () => createId());
  assert.equal(countUnordered(ids), 0);
});

test("createIdSource() ascends past a full counter while the clock stands still", () => {
  const next = createIdSource({
    clock: createFakeClock(1),
    random: (byteCount) => new Uint8Array(byteCount).fill(255),
  });
  const ids = Array.from({ length: 10_000 }, () => next());
  assert.equal(countUnordered(ids), 0);
});

test("createIdSource() ascends when the clock goes back", () => {
  const clock = createFakeClock(1_700_000_000_000);
  const next = createIdSource({ clock });
  const first = next();
  clock.advance(-60_000);
  const second = next();
  assert.ok(second > first);
});

test("createId() takes clock and randomness as arguments", () => {
  const options = { clock: createFakeClock(0x0123456789ab), random: (byteCount: number) => new Uint8Array(byteCount) };
  assert.equal(createId(options), "01234567-89ab-7000-8000-000000000000");
  assert.equal(createId(options), "01234567-89ab-7000-8000-000000000000");
});
