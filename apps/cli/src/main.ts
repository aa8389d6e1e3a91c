/** The `roost` command: reads what it was told, builds what it needs, maps the outcome to an exit code. */
import { RoostError, systemClock } from "@roost/base";
import { exitCodeOf } from "@roost/contract/status-codes";
import { CommanderError } from "commander";
import type { CliContext } from "./cli-context.ts";
import { readCliConfig } from "./config.ts";
import { connect } from "./connect.ts";
import { createProgram } from "./create-program.ts";
import { createTerminal, type Terminal } from "./print/create-terminal.ts";
import { reportError } from "./report-error.ts";

async function main(args: string[]): Promise<number> {
  // After a command it may be an option of the command: jobs show JOB --version 1.
  if (args[0] === "--version") return await main(["-V", ...args.slice(1)]);
  const ownArgs = args.slice(0, args.includes("--") ? args.indexOf("--") : args.length);
  const isDebug = ownArgs.includes("--debug");
  let terminal = openTerminal({ isJson: ownArgs.includes("--json") });
  let exitCode = 0;
  try {
    const config = readCliConfig();
    terminal = openTerminal({ isJson: terminal.isJson, wantsColor: config.wantsColor, columns: config.columns });
    const context: CliContext = {
      config,
      clock: systemClock,
      terminal,
      connect: ({ isQuiet = false } = {}) =>
        connect(config, isQuiet ? {} : { fetch: fetchWithProgress(terminal, config.url) }),
      exitWith: (code) => {
        exitCode = code;
      },
    };
    await createProgram(context).parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    // Commander has written what it had to say.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodeOf("invalid_input");
    return reportError(error, terminal, isDebug);
  }
}

function openTerminal(options: { isJson: boolean; wantsColor?: boolean | undefined; columns?: number | undefined }) {
  return createTerminal({
    stdout: process.stdout,
    stderr: process.stderr,
    isInputTerminal: process.stdin.isTTY,
    isJson: options.isJson,
    wantsColor: options.wantsColor,
    columns: options.columns,
    clock: systemClock,
  });
}

function fetchWithProgress(terminal: Terminal, url: string | undefined): typeof globalThis.fetch {
  return async (input, init) => {
    using _progress = terminal.progress(`Waiting for the gateway${url === undefined ? "" : ` at ${url}`}`);
    return await fetch(input, init);
  };
}

/** The reader of a pipe has closed it (`| head`): not a failure. */
function endWithReader(stream: NodeJS.WriteStream): void {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw new RoostError("unavailable", `the output cannot be written: ${error.message}`, { cause: error });
  });
}

endWithReader(process.stdout);
endWithReader(process.stderr);
const code = await main(process.argv.slice(2));
await new Promise<void>((resolve) => process.stdout.write("", () => resolve()));
process.exit(code);
