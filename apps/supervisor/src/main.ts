/** `roost up` and `roost down`: parses arguments, builds what it needs, maps the outcome to an exit code. */
import { fileURLToPath } from "node:url";
import { readProcessIdentity } from "@roost/base";
import type { ReadyMessage } from "./children/child-messages.ts";
import { readSupervisorConfig, type SupervisorConfig } from "./config.ts";
import { askFirstHome, isNewHome, type FirstHome } from "./home/first-home.ts";
import { homePaths } from "./home/home-paths.ts";
import { listenForStop } from "./listen-for-stop.ts";
import { defaultProgramPaths } from "./programs.ts";
import { readArguments, usage, writeFirstHome } from "./read-arguments.ts";
import { runMain } from "./run-main.ts";
import { startDetached } from "./start-detached.ts";
import { stopOwner } from "./stop-owner.ts";
import { superviseHome } from "./supervise-home.ts";
import type { ProcessTerminal } from "./terminal/create-terminal.ts";
import { describeReady, readyDocument } from "./terminal/describe-ready.ts";
import { openTerminal } from "./terminal/open-terminal.ts";

/** The shell's exit code for a command ended by Ctrl-C. */
const forcedExitCode = 130;

async function main(args: string[]): Promise<number> {
  const { command, isDetached, stopWith, first: given } = readArguments(args);
  if (command === "help") {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  const config = readSupervisorConfig();
  const terminal = openTerminal(config, process.stdout);
  if (command === "down") {
    await stopOwner(config.homeDirectory, terminal);
    return 0;
  }
  const first = await describeFirstHome(given, config.homeDirectory);
  if (first === undefined) return forcedExitCode;
  if (isDetached) {
    const write = (text: string) => void process.stdout.write(text);
    const environment = {
      NODE_COMPILE_CACHE: defaultProgramPaths().compileCache,
      ...config.environment,
      ...(process.stdout.isTTY && { COLUMNS: String(process.stdout.columns) }),
    };
    const started = { program: fileURLToPath(import.meta.url), args: writeFirstHome(first), environment, write };
    return startDetached(started);
  }
  return up(config, terminal, { stopWith, first });
}

/** Asked only on a terminal, and only for a new home. Undefined when the person left. */
async function describeFirstHome(given: FirstHome, home: string): Promise<FirstHome | undefined> {
  const { stdin, stdout } = process;
  const isAsked = given.example !== true && stdin.isTTY === true && stdout.isTTY === true;
  return isAsked && (await isNewHome(homePaths(home)))
    ? askFirstHome(given, { input: stdin, output: stdout, home })
    : given;
}

interface UpOptions {
  stopWith: number[];
  first: FirstHome;
}

async function up(
  config: SupervisorConfig,
  terminal: ProcessTerminal,
  { stopWith, first }: UpOptions,
): Promise<number> {
  const starters = stopWith.map(readProcessIdentity).filter((identity) => identity !== undefined);
  using signals = listenForStop({ starters });
  // Answering questions is no part of it.
  const startedMs = performance.now();
  await superviseHome({
    config,
    terminal,
    paths: defaultProgramPaths(),
    first,
    starters,
    stop: signals.stop,
    force: signals.force,
    onReady: (gateway) => tellReady(gateway, { config, terminal, startedMs }),
  });
  return signals.force.aborted ? forcedExitCode : 0;
}

function tellReady(
  gateway: ReadyMessage,
  { config, terminal, startedMs }: { config: SupervisorConfig; terminal: ProcessTerminal; startedMs: number },
): void {
  const { home, log } = homePaths(config.homeDirectory);
  const facts = { home, log, elapsedMs: performance.now() - startedMs, gateway, isDetached: config.isDetached };
  terminal.text(describeReady(facts, terminal));
  // To whom it detaches from, and to `roost --json`.
  process.send?.({ ready: readyDocument(facts) });
}

await runMain(() => main(process.argv.slice(2)), process.stderr);
