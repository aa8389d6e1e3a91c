/** That a function does not take ever longer for each further part of its input, on any machine: its cost at two sizes, one beside the other. */
import assert from "node:assert/strict";

/** What is linear takes about as many times as long, what is quadratic that many times again. */
const sizeFactor = 8;
const costFactorMax = 24;
/** Of less than this the collector of garbage would tell more than the work. */
const costMicrosMin = 5_000;

/** `work` is called with `size` and with eight times that, at which a linear one takes milliseconds. */
export function assertEvenGrowth(work: (size: number) => void, { size }: { size: number }): void {
  // Compiled first.
  work(size);
  const small = Math.max(
    costMicros(() => work(size)),
    costMicrosMin,
  );
  const large = costMicros(() => work(size * sizeFactor));
  const factor = large / small;
  assert.ok(
    factor <= costFactorMax,
    `${sizeFactor} times the size costs ${factor.toFixed(1)} times as much (limit ${costFactorMax}): ${large} µs at ${size * sizeFactor}`,
  );
}

/** Of the processor: a machine that is busy takes longer. */
function costMicros(work: () => void): number {
  const before = process.cpuUsage();
  work();
  return process.cpuUsage(before).user;
}
