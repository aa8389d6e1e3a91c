// `npm run measure-console`: how long the console takes on a slow phone, cold and for the second time.
import "./bootstrap/require-node.mjs";
import { runEntry } from "./bootstrap/run-entry.mjs";

await runEntry("test/browser/measure-console.ts", process.argv.slice(2));
