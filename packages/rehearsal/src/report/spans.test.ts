import assert from "node:assert/strict";
import { test } from "node:test";
import { meetings, mostAtOnce } from "./spans.ts";

const span = (fromMs: number, untilMs: number) => ({ fromMs, untilMs });

test("mostAtOnce() counts what goes at the same time, not what follows", () => {
  assert.equal(mostAtOnce([]), 0);
  assert.equal(mostAtOnce([span(0, 10), span(10, 20), span(20, 30)]), 1);
  assert.equal(mostAtOnce([span(0, 10), span(5, 15), span(9, 12), span(12, 13)]), 3);
  assert.equal(mostAtOnce([span(0, 10), span(5, 15), span(30, 40)], span(20, 50)), 1);
  assert.equal(mostAtOnce([span(5, 5), span(5, 5)]), 0);
});

test("meetings() names every two that go at the same time, once", () => {
  const spans = [span(9, 12), span(0, 10), span(5, 15), span(15, 20), span(7, 7)];
  assert.deepEqual(
    meetings(spans).map((pair) => pair.map(({ fromMs }) => fromMs)),
    [
      [0, 5],
      [0, 9],
      [5, 9],
    ],
  );
});
