// `npm run pictures`: takes pictures of the console's screens with real data into docs/pictures.
import "./bootstrap/require-node.mjs";
import { runEntry } from "./bootstrap/run-entry.mjs";

await runEntry("test/browser/take-pictures.ts", process.argv.slice(2));
