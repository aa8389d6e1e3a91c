// `npm run simulate`: worlds in which everything goes wrong. See docs/simulation.md.
import "./bootstrap/require-node.mjs";
import { runEntry } from "./bootstrap/run-entry.mjs";

await runEntry("scripts/test/run-simulation.mjs", process.argv.slice(2));
