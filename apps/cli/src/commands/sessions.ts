/** `roost sessions`: lists sessions, and prints the messages of one. */
import type { MessageRecord, SessionRecord } from "@roost/contract/operations";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { refuseUnknownCommand } from "../help/refuse-unknown-command.ts";
import { parseOptionCount } from "../parse-option.ts";
import { printParts } from "../print/print-parts.ts";
import { relativeTime } from "../print/relative-time.ts";
import type { Column } from "../print/table.ts";
import { plainLine, plainText, wrapText } from "@roost/base/text-width";
import { readPages } from "../read-pages.ts";

export function addSessionsCommand(program: Command, context: CliContext): void {
  const sessions = program
    .command("sessions")
    .summary("list sessions and their messages")
    .description("Lists sessions, most recently used first.")
    .option("-n, --last <count>", "how many to list", parseOptionCount, 50)
    .allowExcessArguments()
    .action(async ({ last }: { last: number }, list: Command) => {
      refuseUnknownCommand(list, list.args[0]);
      const { terminal, clock } = context;
      const { client } = await context.connect();
      const rows = await readPages(
        (page) => client.listSessions(page),
        (page) => page.items,
        Math.max(1, last),
      );
      if (terminal.isJson) return terminal.json({ sessions: rows });
      terminal.table(rows, sessionColumns(clock.nowMs()), "There are no sessions yet: start one with roost ask TEXT");
    });
  addShow(sessions, context);
}

function addShow(sessions: Command, context: CliContext): void {
  sessions
    .command("show")
    .description("Prints the last messages of a session.")
    .argument("<key>", "key of the session, as in main or cron:blog")
    .option("-m, --messages <count>", "how many to print", parseOptionCount, 20)
    .action(async (sessionKey: string, { messages: count }: { messages: number }) => {
      const { terminal, clock } = context;
      const { client } = await context.connect();
      const answer = await client.getSession({ sessionKey, limit: Math.min(500, Math.max(1, count)) });
      if (terminal.isJson) return terminal.json(answer);
      for (const message of answer.messages.items) printMessage(context, message, clock.nowMs());
      if (answer.messages.items.length === 0) terminal.line(terminal.paint("The session has no messages yet", "dim"));
    });
}

function printMessage({ terminal }: CliContext, message: MessageRecord, nowMs: number): void {
  const { paint } = terminal;
  const marks = [relativeTime(message.createdAt, nowMs), message.source ?? "", message.isRehearsed ? "rehearsed" : ""];
  const tone = message.role === "user" ? "accent" : message.role === "assistant" ? "strong" : "dim";
  terminal.line(`${paint(message.role, tone)} ${paint(plainLine(marks.filter(Boolean).join(" · ")), "dim")}`);
  for (const line of plainText(message.text).split("\n"))
    for (const part of wrapText(line, terminal.columns)) terminal.line(part);
  printParts(terminal, message.parts);
  terminal.line();
}

function sessionColumns(nowMs: number): Column<SessionRecord>[] {
  return [
    { title: "KEY", value: (session) => session.key },
    { title: "TITLE", value: (session) => session.title ?? "", widthMin: 10, importance: 3 },
    { title: "AGENT", value: (session) => session.agent, importance: 4 },
    {
      title: "MESSAGES",
      value: (session) => String(session.messageCount),
      importance: 2,
      alignRight: true,
      label: "messages",
    },
    {
      title: "NOW",
      value: (session) =>
        session.activeRunId === null
          ? ""
          : `answering${session.queuedCount > 0 ? `, ${session.queuedCount} queued` : ""}`,
      tone: () => "good",
    },
    { title: "LAST", value: (session) => relativeTime(session.lastMessageAt, nowMs), tone: () => "dim" },
  ];
}
