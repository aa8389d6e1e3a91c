// `npm run docs`: writes the tables of keys in docs/jobs.md and docs/settings.md from the schemas.
import "./bootstrap/require-node.mjs";
import { runEntry } from "./bootstrap/run-entry.mjs";

await runEntry("scripts/docs/write-references.ts", process.argv.slice(2));
