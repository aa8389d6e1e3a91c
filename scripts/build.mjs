// `npm run build`: builds beforehand what a start would build, for a place where a start may not write.
import "./bootstrap/require-node.mjs";
import { runEntry } from "./bootstrap/run-entry.mjs";

await runEntry("scripts/build/build.ts", process.argv.slice(2));
