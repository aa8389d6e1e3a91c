import { test } from "node:test";
import { killBetweenEvents } from "./kill-between-events.ts";

test("S: everything is killed after each fifth event of a run, and its marker is set exactly once", () =>
  killBetweenEvents({ every: 5 }));
