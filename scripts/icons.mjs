// `npm run icons`: draws the console's icons as PNG from its SVG into apps/console/public.
import "./bootstrap/require-node.mjs";
import { runEntry } from "./bootstrap/run-entry.mjs";

await runEntry("test/browser/write-icons.ts", process.argv.slice(2));
