/** Waiting for what loops and other processes do in a test: bounded, so that a test which waits in vain fails and says for what. */
import assert from "node:assert/strict";
import { delay } from "../delay.ts";

type Look<T> = () => T | false | undefined | Promise<T | false | undefined>;

/** Wide, for machines that are busy; less than what a test may take. */
const msMax = 180_000;
/** Between two looks: a tenth of the time waited, so that what comes at once is seen at once and what takes long costs few looks. */
const waitedPart = 1 / 10;
const pauseMsMax = 25;

/** The first result that is there: neither undefined nor false. A failure tells `what`, or the condition as it is written. */
export async function until<T>(...given: [what: string, look: Look<T>] | [look: Look<T>]): Promise<T> {
  const look = given.length === 2 ? given[1] : given[0];
  const startMs = performance.now();
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    const waitedMs = performance.now() - startMs;
    if (waitedMs > msMax) assert.fail(`not within ${msMax / 1000} s: ${given.length === 2 ? given[0] : String(look)}`);
    // tidy: a bounded look again at what announces itself nowhere.
    await delay(Math.min(waitedMs * waitedPart, pauseMsMax));
  }
}
