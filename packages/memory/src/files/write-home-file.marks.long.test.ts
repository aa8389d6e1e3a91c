import { test } from "node:test";
import { keepMarks } from "./keep-marks.fixture.ts";

test("No line that came from a page is shown unmarked, whatever is written, moved, edited, linked, imported and trusted", () =>
  keepMarks(100));
