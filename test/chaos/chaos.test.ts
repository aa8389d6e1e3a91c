/**
 * Real processes on a real, durable PostgreSQL are killed, stopped past their lease, cut off in the middle of statements and left
 * without database, while the world outside counts. `chaos.long.test.ts` attacks for longer and fills a disk, `npm run chaos` for as long as asked for.
 */
import { test } from "node:test";
import { attackAndCheck } from "./attack-and-check.ts";

const seed = Date.now() % 2 ** 31;
/** A kill, a pause past the lease, torn connections and a killed PostgreSQL. */
const cycles = 4;

test("killed, stopped and cut off processes, PostgreSQL killed: every promise holds", (t) =>
  attackAndCheck(t, { seed, cycles }));
