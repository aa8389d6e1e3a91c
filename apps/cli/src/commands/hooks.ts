/** `roost hooks …`: webhooks of other programs, which become events that jobs start on. */
import type { HookRecord } from "@roost/contract/operations";
import { plainLine } from "@roost/base/text-width";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { refuseUnknownCommand } from "../help/refuse-unknown-command.ts";
import { parseOptionDuration } from "../parse-option.ts";
import { relativeTime } from "../print/relative-time.ts";
import type { Column } from "../print/table.ts";
import { readPages } from "../read-pages.ts";

const hooksMax = 1_000;

export function addHooksCommands(program: Command, context: CliContext): void {
  const hooks = program
    .command("hooks")
    .summary("let other programs tell of events by webhook")
    .description("Lists, adds and removes incoming webhooks. Each call becomes an event that jobs can start on.");
  addList(hooks, context);
  addAdd(hooks, context);
  addRotate(hooks, context);
  hooks
    .command("remove")
    .description("Removes a hook: what is sent to it is refused from now on.")
    .argument("<hook>", "its name")
    .action(async (name: string) => {
      const { terminal } = context;
      const { client } = await context.connect();
      const answer = await client.removeHook({ name });
      if (terminal.isJson) return terminal.json(answer);
      terminal.line(terminal.named(`Removed ${plainLine(answer.hook.name)}`));
    });
}

function addList(hooks: Command, context: CliContext): void {
  hooks
    .command("list", { isDefault: true })
    .alias("ls")
    .description("Lists hooks, and when each was used last.")
    .allowExcessArguments()
    .action(async (_options: object, list: Command) => {
      refuseUnknownCommand(hooks, list.args[0]);
      const { terminal, clock } = context;
      const { client } = await context.connect();
      const rows = await readPages((page) => client.listHooks(page), hooksMax);
      if (terminal.isJson) return terminal.json({ hooks: rows });
      terminal.table(rows, hookColumns(clock.nowMs()), "There are no hooks; add one with roost hooks add NAME");
    });
}

function addAdd(hooks: Command, context: CliContext): void {
  hooks
    .command("add")
    .description("Adds a hook and prints its key, once: the sender signs with it.")
    .argument("<name>", "the sender, such as github; it is part of the address")
    .option("--github", "signatures are GitHub's, not those of Standard Webhooks")
    .option("--key-ref <reference>", "where the key is kept, such as env:NAME or file:PATH (default: one is made)")
    .action(async (name: string, { github, keyRef }: { github?: boolean; keyRef?: string }) => {
      const { terminal } = context;
      const { client, url } = await context.connect();
      const answer = await client.addHook({ name, form: github === true ? "github" : "standard", keyRef });
      if (terminal.isJson) return terminal.json({ ...answer, url: url + answer.hook.path });
      terminal.note(`Deliveries go to ${url}${answer.hook.path}`);
      if (answer.key === null) return terminal.note(`Its key is the one at ${String(keyRef)}`);
      terminal.note("The key is shown once; lose it, and make another with roost hooks rotate.");
      terminal.line(answer.key);
    });
}

function addRotate(hooks: Command, context: CliContext): void {
  hooks
    .command("rotate")
    .description("Makes a new key for a hook and prints it, once. The earlier key stays valid for a while.")
    .argument("<hook>", "its name")
    .option("--overlap <duration>", "how long the earlier key stays valid (default: 1d)", parseOptionDuration)
    .action(async (name: string, { overlap: overlapMs }: { overlap?: number }) => {
      const { terminal } = context;
      const { client } = await context.connect();
      const answer = await client.rotateHook({ name, overlapMs });
      if (terminal.isJson) return terminal.json(answer);
      terminal.line(answer.key);
    });
}

function hookColumns(nowMs: number): Column<HookRecord>[] {
  return [
    { title: "HOOK", value: ({ name }) => name },
    { title: "PATH", value: ({ path }) => path, importance: 2 },
    { title: "SIGNED", value: ({ form }) => form, importance: 3 },
    { title: "KEY", value: ({ keyRef }) => plainLine(keyRef ?? "in the home"), importance: 4 },
    { title: "RECEIVED", value: ({ receivedCount }) => String(receivedCount), alignRight: true, importance: 2 },
    {
      title: "LAST",
      value: ({ receivedAt }) => (receivedAt === null ? "never" : relativeTime(receivedAt, nowMs)),
      tone: () => "dim",
    },
  ];
}
