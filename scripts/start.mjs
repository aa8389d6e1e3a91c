// `npm start`: everything of one machine, in the foreground. What comes after `--` goes to `roost up`.
import "./bootstrap/require-node.mjs";
import { runEntry } from "./bootstrap/run-entry.mjs";

await runEntry("apps/supervisor/src/main.ts", process.argv.slice(2), { stopsWithStarter: true });
