import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { hasCircle } from "./has-circle.ts";

const nodeCount = 6;
const waits = fc.array(fc.array(fc.nat({ max: nodeCount - 1 }), { maxLength: 3 }), { maxLength: nodeCount });

test("hasCircle() agrees with taking away what waits for nothing", () => {
  fc.assert(
    fc.property(waits, (lists) => {
      const blockers = new Map(lists.map((of, node) => [node, of]));
      assert.equal(hasCircle(blockers), isStuck(blockers));
    }),
    { seed: 1 },
  );
});

/** A process that waits for none of the others goes; those that stay wait in a circle, or behind one. */
function isStuck(blockers: ReadonlyMap<number, readonly number[]>): boolean {
  const left = new Map(blockers);
  for (let count = -1; count !== left.size;) {
    count = left.size;
    for (const [node, of] of left) if (of.every((other) => !left.has(other))) left.delete(node);
  }
  return left.size > 0;
}
