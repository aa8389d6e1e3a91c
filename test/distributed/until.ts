import assert from "node:assert/strict";
import { delay } from "@roost/base";

const msMax = 90_000;
const lookMs = 50;

/** What other processes do, once it is there: the first result that is neither undefined nor false. Fails after a minute and a half, with what was awaited. */
export async function until<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
  const endMs = performance.now() + msMax;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    assert.ok(performance.now() < endMs, `not within ${msMax / 1000} s: ${what}`);
    // tidy: a bounded poll of what other processes do.
    await delay(lookMs);
  }
}
