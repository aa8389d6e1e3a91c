#!/usr/bin/env node
// The `roost` command: installs what is missing and continues on the pinned Node.
import "../../../scripts/bootstrap/require-node.mjs";
import { runEntry } from "../../../scripts/bootstrap/run-entry.mjs";

await runEntry("apps/cli/src/main.ts", process.argv.slice(2));
