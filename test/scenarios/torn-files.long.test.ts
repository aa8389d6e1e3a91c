import { test } from "node:test";
import { tearFiles } from "./tear-files.ts";

test("F: each file without which a home may not go on is torn, and a start says which", () =>
  tearFiles({ startCount: 5 }));
