/** `roost log dead` and `roost log retry`: lists, redelivers and discards dead letters. */
import { RoostError } from "@roost/base";
import type { DeadLetterRecord } from "@roost/contract/operations";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { parseOptionCount } from "../parse-option.ts";
import { relativeTime } from "../print/relative-time.ts";
import type { Column } from "../print/table.ts";
import { readPages } from "../read-pages.ts";

const shownMax = 5_000;

interface Choice {
  group?: string;
  key?: string;
}

export function addLogDeadCommands(log: Command, context: CliContext): void {
  log
    .command("dead")
    .summary("list undelivered events")
    .description("Lists dead letters: events that could not be delivered to a job or run, with the reason.")
    .option("--group <name>", "only this group")
    .option("--key <id>", "only this job or run")
    .action(async (choice: Choice) => {
      const { terminal, clock } = context;
      const { client } = await context.connect();
      const rows = await readPages((page) => client.listDeadLetters({ ...page, ...choice }), shownMax);
      if (terminal.isJson) return terminal.json({ deadLetters: rows });
      terminal.table(rows, columns(clock.nowMs()), "There are no dead letters");
    });
  log
    .command("retry")
    .description("Delivers dead letters again at once, with a fresh count of attempts. With --drop discards them.")
    .argument("[number]", "number from roost log dead", parseOptionCount)
    .option("--group <name>", "all of this group")
    .option("--key <id>", "all of this job or run")
    .option("--drop", "discard them instead")
    .option("--reason <text>", "reason to record")
    .action(
      async (number: number | undefined, { drop, reason, ...where }: Choice & { drop?: boolean; reason?: string }) => {
        const { terminal } = context;
        const choice = { ...where, ...(number === undefined ? {} : { number }) };
        if (Object.keys(choice).length === 0)
          throw new RoostError("invalid_input", "give a number, --group or --key: roost log dead lists them");
        if (drop === true && reason === undefined)
          throw new RoostError("invalid_input", "give --reason: it is recorded with the discarded events");
        const { client } = await context.connect();
        const answer =
          drop === true
            ? await client.dropDeadLetters({ ...choice, reason: reason ?? "" })
            : await client.retryDeadLetters(choice);
        if (terminal.isJson) return terminal.json(answer);
        const events = answer.count === 1 ? "1 event" : `${answer.count} events`;
        terminal.line(drop === true ? `Discarded ${events}` : `${events} will be delivered again now`);
      },
    );
}

function columns(nowMs: number): Column<DeadLetterRecord>[] {
  return [
    { title: "NUMBER", value: (letter) => String(letter.number), alignRight: true },
    { title: "FOR", value: (letter) => letter.key },
    { title: "EVENT", value: (letter) => letter.eventType, widthMin: 8 },
    { title: "AT", value: (letter) => `${letter.topic}/${letter.partition}:${letter.offset}` },
    {
      title: "STATE",
      value: (letter) => (letter.state === "given_up" ? "given up" : letter.state),
      tone: (letter) => (letter.state === "given_up" ? "bad" : "warn"),
    },
    { title: "TRIED", value: (letter) => String(letter.attempts), alignRight: true },
    { title: "SINCE", value: (letter) => relativeTime(letter.parkedAt, nowMs) },
    { title: "REASON", value: (letter) => letter.error?.message ?? "", widthMin: 12 },
  ];
}
