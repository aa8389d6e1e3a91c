/** `roost up` and `roost down`: run the supervisor by its path, on this Node. */
import { once } from "node:events";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { RoostError } from "@roost/base";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { cloneDirectory } from "../clone.ts";
import { exitCodeOfSignal } from "../exit-codes.ts";
import { catchSignals } from "../processes/catch-signals.ts";

const supervisor = join(cloneDirectory, "apps/supervisor/src/main.ts");
const compileCache = join(cloneDirectory, "node_modules/.roost/compile-cache");

export function addUpCommands(program: Command, context: CliContext): void {
  program
    .command("up")
    .summary("start Roost on this machine")
    .description(
      "Starts PostgreSQL, the gateway and the workers for the home in ROOST_HOME. Stays in the foreground until Ctrl-C unless --detach is given. A home that does not exist yet is created almost empty: on a terminal from the answers to four questions, otherwise from the options below.",
    )
    .option("-d, --detach", "return when everything is ready, and leave it running")
    .option("--name <text>", "new home: your name")
    .option("--agent-name <text>", "new home: your agent's name (default: Wren)")
    .option("--time-zone <zone>", "new home: its time zone, as in Europe/Berlin (default: the machine's)")
    .option("--usd-per-day <amount>", "new home: spending cap a day, in dollars (default: 1)")
    .option("--example", "new home: copy the example, with fictional people and active jobs")
    .action(async (_options: object, up: Command) => {
      context.exitWith(await supervise(context, ["up", ...givenOptions(up)]));
    });
  program
    .command("down")
    .summary("stop Roost for this home")
    .description(
      "Stops what is running for the home in ROOST_HOME, however it was started, and waits until it has stopped.",
    )
    .action(async () => {
      const exitCode = await supervise(context, ["down"]);
      if (context.terminal.isJson) context.terminal.json({ stopped: exitCode === 0 });
      context.exitWith(exitCode);
    });
}

/** The options as the supervisor takes them. */
function givenOptions(command: Command): string[] {
  return command.options.flatMap((option) => {
    const value: unknown = command.getOptionValue(option.attributeName());
    if (value === undefined || option.long === undefined) return [];
    return [value === true ? option.long : `${option.long}=${String(value)}`];
  });
}

async function supervise({ config, terminal, stdin }: CliContext, args: string[]): Promise<number> {
  const child = spawn(process.execPath, [supervisor, ...args], {
    // With --json stdout holds the document only.
    stdio: ["inherit", terminal.isJson ? process.stderr : "inherit", "inherit"],
    env: { NODE_COMPILE_CACHE: compileCache, ...config.environment, ROOST_HOME: config.homeDir },
  });
  using _signals = catchSignals(["SIGINT", "SIGTERM", "SIGHUP"], (signal) => {
    // Ctrl-C on a terminal has already reached the child.
    if (signal !== "SIGINT" || stdin.isTTY !== true) child.kill(signal);
  });
  const failed = once(child, "error").then(([error]: unknown[]) => {
    throw new RoostError("unavailable", `the supervisor could not be started: ${(error as Error).message}`, {
      cause: error,
    });
  });
  const [code, signal] = (await Promise.race([once(child, "close"), failed])) as [number | null, NodeJS.Signals | null];
  return signal === null ? (code ?? 0) : exitCodeOfSignal(signal);
}
