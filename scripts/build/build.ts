import { fileURLToPath } from "node:url";
import { createLogger, systemClock } from "@roost/base";
import { openConsole } from "../../apps/gateway/src/console/open-console.ts";

const write = (line: string) => void process.stderr.write(line);
const logger = createLogger({ level: "info", clock: systemClock, write });
const built = openConsole({
  root: fileURLToPath(new URL("../..", import.meta.url)),
  logger,
  signal: new AbortController().signal,
});
await built.settled;
if (built.state().kind !== "ready") process.exitCode = 1;
