// `npm run chaos`: attacks real processes on a real PostgreSQL for as long as requested (docs/chaos.md).
import "./bootstrap/require-node.mjs";
import { runEntry } from "./bootstrap/run-entry.mjs";

await runEntry("test/chaos/main.ts", process.argv.slice(2));
