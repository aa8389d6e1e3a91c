import { test } from "node:test";
import { tearFiles } from "./tear-files.ts";

test("F: every file of a home is torn, and it says which, or goes on without having lost anything", () =>
  tearFiles({ startCount: 2 }));
