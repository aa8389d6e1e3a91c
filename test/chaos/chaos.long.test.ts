import { test } from "node:test";
import { attackAndCheck } from "./attack-and-check.ts";

const seed = Date.now() % 2 ** 31;
const cycles = 80;

test("killed, stopped and cut off processes for longer: every promise holds", (t) =>
  attackAndCheck(t, { seed, cycles }));
