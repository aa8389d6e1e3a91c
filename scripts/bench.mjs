// `npm run bench`: prints the numbers of this machine. What comes after `--` names what to measure.
import "./bootstrap/require-node.mjs";
import { runEntry } from "./bootstrap/run-entry.mjs";

await runEntry("bench/src/main.ts", process.argv.slice(2));
