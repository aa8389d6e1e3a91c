/** One command of `roost`: reads what it was told, builds what it needs, maps the outcome to an exit code. The process is not its own. */
import { RoostError, systemClock } from "@roost/base";
import { CommanderError } from "commander";
import type { CliContext, CliStreams } from "./cli-context.ts";
import { readCliConfig, readRoostCommand } from "./config.ts";
import { connect } from "./connect.ts";
import { createProgram } from "./create-program.ts";
import { explainInput } from "./help/explain-input.ts";
import { explainUsage } from "./help/explain-usage.ts";
import { createTerminal, type PrintStream, type Terminal } from "./print/create-terminal.ts";
import { loadServiceCommand } from "./services/load-service-command.ts";
import { reportError } from "./report-error.ts";

/** What a process gives to its program. */
export interface CliProcess extends CliStreams {
  stderr: PrintStream;
  /** Default: that of this process. */
  environment?: Record<string, string | undefined>;
  /** How long something takes before it is said to be going on. Default: a second. */
  progressDelayMs?: number;
}

/** @returns the exit code */
export async function runCli(args: readonly string[], given: CliProcess): Promise<number> {
  // After a command it may be an option of the command: jobs show JOB --version 1.
  if (args[0] === "--version") return await runCli(["-V", ...args.slice(1)], given);
  const { stdin, stdout, stderr } = given;
  const ownArgs = args.slice(0, args.includes("--") ? args.indexOf("--") : args.length);
  const isDebug = ownArgs.includes("--debug");
  const streams = {
    stdout,
    stderr,
    isInputTerminal: stdin.isTTY === true,
    isJson: ownArgs.includes("--json"),
    clock: systemClock,
    command: () => readRoostCommand(given.environment),
    progressDelayMs: given.progressDelayMs,
  };
  let terminal = createTerminal({ ...streams, wantsColor: undefined, columns: undefined });
  let exitCode = 0;
  try {
    const config = readCliConfig(given.environment);
    terminal = createTerminal({ ...streams, wantsColor: config.wantsColor, columns: config.columns });
    const context: CliContext = {
      config,
      clock: systemClock,
      terminal,
      stdin,
      stdout,
      connect: ({ isQuiet = false } = {}) =>
        connect(config, isQuiet ? {} : { fetch: fetchWithProgress(terminal, config.url) }),
      exitWith: (code) => {
        exitCode = code;
      },
    };
    const word = ownArgs.find((arg) => !arg.startsWith("-"));
    const program = createProgram(context, await loadServiceCommand(word, context));
    try {
      await program.parseAsync([...args], { from: "user" });
    } catch (error) {
      if (!(error instanceof CommanderError)) throw explainInput(error, program, ownArgs);
      if (error.exitCode === 0) return 0;
      throw new RoostError("invalid_input", `${explainUsage(error, program, ownArgs)} (--help shows usage)`);
    }
    return exitCode;
  } catch (error) {
    return reportError(error, terminal, isDebug);
  }
}

function fetchWithProgress(terminal: Terminal, url: string | undefined): typeof globalThis.fetch {
  return async (input, init) => {
    using _progress = terminal.progress(`Waiting for the gateway${url === undefined ? "" : ` at ${url}`}`);
    return await fetch(input, init);
  };
}
