import { test } from "node:test";
import { carryOutJobs, carryOutTexts } from "./carry-out.ts";

test("T: every job that is accepted is listed, fired, run by hand, paused, changed and removed again, and stops no other", () =>
  carryOutJobs(80));

test("T: every name and text that is accepted can be held, kept, reserved, said and let go again", () =>
  carryOutTexts(40));
