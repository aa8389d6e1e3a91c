/** `roost doctor`: checks everything Roost needs and says what to do. Works when nothing is running. */
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { checkGateway } from "../doctor/check-gateway.ts";
import { checkHost } from "../doctor/check-host.ts";
import { checkMachine } from "../doctor/check-machine.ts";
import type { Check } from "../doctor/check.ts";
import { exitCodes } from "../exit-codes.ts";
import { formatPairs } from "../print/format-pairs.ts";
import { plainLine } from "@roost/base/text-width";

const marks = { good: "ok", warn: "!", bad: "x", skipped: "-" } as const;
const tones = { good: "good", warn: "warn", bad: "bad", skipped: "dim" } as const;

export function addDoctorCommand(program: Command, context: CliContext): void {
  program
    .command("doctor")
    .summary("find problems and how to fix them")
    .description(
      "Checks Node, the home, its owner and token, the disk, the gateway, its clock, PostgreSQL, the workers, on a joined host the secrets that it needs, the model, which is asked for one token, and mailboxes and calendars that heartbeats look at, which are logged in to, and says how to fix what is wrong. Works when nothing is running; exits with 1 when there is a problem.",
    )
    .action(async () => {
      const checks = await examine(context);
      const isWell = checks.every(({ state }) => state !== "bad");
      if (!isWell) context.exitWith(exitCodes.answerIsNo);
      if (context.terminal.isJson) return context.terminal.json({ isWell, checks });
      printChecks(context, checks);
    });
}

async function examine(context: CliContext): Promise<Check[]> {
  const { config, clock } = context;
  const machine = await checkMachine(config.url === undefined ? config.homeDir : undefined, clock);
  const host = config.url === undefined ? await checkHost(config.homeDir, config.environment) : [];
  return [...machine, ...host, ...(await checkGateway(() => context.connect(), clock))];
}

function printChecks({ terminal }: CliContext, checks: readonly Check[]): void {
  const nameWidth = Math.max(...checks.map(({ name }) => name.length));
  for (const { name, state, text, advice } of checks) {
    const mark = terminal.paint(marks[state].padEnd(2), tones[state]);
    const prefix = `${mark} ${name.padEnd(nameWidth)}`;
    const width = terminal.columns - 2 - nameWidth - 3;
    const lines = formatPairs([["", terminal.named(plainLine(text))]], { columns: width + 2, paint: terminal.paint });
    for (const [index, line] of lines.entries())
      terminal.line(`${index === 0 ? prefix : " ".repeat(nameWidth + 3)}${line}`);
    if (advice === undefined) continue;
    for (const line of formatPairs([["→", terminal.named(plainLine(advice))]], {
      columns: width,
      paint: terminal.paint,
    }))
      terminal.line(`${" ".repeat(nameWidth + 5)}${line}`);
  }
}
