/** `roost database move`: a process of its own, since it loads what no start needs. */
import { parseArgs } from "node:util";
import { createLogger, RoostError } from "@roost/base";
import { readSupervisorConfig } from "../config.ts";
import { homePaths } from "../home/home-paths.ts";
import { openLogFile } from "../logs/open-log-file.ts";
import { runMain } from "../run-main.ts";
import { openTerminal } from "../terminal/open-terminal.ts";
import { moveHome } from "./move-home.ts";

await runMain(async () => {
  const { values, positionals } = parse(process.argv.slice(2));
  const [target, ...rest] = positionals;
  if (target === undefined || rest.length > 0)
    throw new RoostError("invalid_input", "give one target: a URL, a reference to one (env:NAME, file:PATH), or own");
  const config = readSupervisorConfig();
  const terminal = openTerminal(config, process.stdout);
  const paths = homePaths(config.homeDirectory);
  using log = openLogFile({ path: paths.log, onFailure: (error) => terminal.problem(error.message) });
  const logger = createLogger({ level: config.logLevel, write: log.write }).child({ process: "database move" });
  const moved = await moveHome({ config, paths, terminal, logger, target, from: values.from });
  // To `roost --json`.
  process.send?.({ ready: moved });
  return 0;
}, process.stderr);

function parse(args: string[]) {
  try {
    return parseArgs({ args, allowPositionals: true, options: { from: { type: "string" } } });
  } catch (cause) {
    throw new RoostError("invalid_input", (cause as Error).message, { cause });
  }
}
