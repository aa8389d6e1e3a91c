// `npm test`: everything. `npm test -- packages/kernel` runs the tests below a path; `--test-name-pattern` chooses by title.
import "./bootstrap/require-node.mjs";
import { runEntry } from "./bootstrap/run-entry.mjs";

await runEntry("scripts/test/run-tests.mjs", process.argv.slice(2));
