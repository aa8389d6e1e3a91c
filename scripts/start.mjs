// `npm start`: starts Roost on this machine, in the foreground. Arguments after `--` go to `roost up`.
import "./bootstrap/require-node.mjs";
import { runEntry } from "./bootstrap/run-entry.mjs";

await runEntry("apps/supervisor/src/main.ts", process.argv.slice(2), { stopsWithStarter: true });
