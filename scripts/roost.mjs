// The `roost` command on the pinned Node: `npm run roost -- ps`.
import "./bootstrap/require-node.mjs";
import { runEntry } from "./bootstrap/run-entry.mjs";

await runEntry("apps/cli/src/main.ts", process.argv.slice(2));
