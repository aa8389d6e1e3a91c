/** `roost sessions …`: the conversations, their messages, and beginning, resetting, summarising and rewinding one. */
import type { MessageRecord, SessionRecord } from "@roost/contract/operations";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { refuseUnknownCommand } from "../help/refuse-unknown-command.ts";
import { parseOptionCount, parseOptionLimit } from "../parse-option.ts";
import { printParts } from "../print/print-parts.ts";
import { relativeTime } from "../print/relative-time.ts";
import type { Column } from "../print/table.ts";
import { plainLine, plainText, wrapText } from "@roost/base/text-width";
import { readPages } from "../read-pages.ts";
import { showAnswer } from "./ask.ts";

export function addSessionsCommands(program: Command, context: CliContext): void {
  const sessions = program
    .command("sessions")
    .summary("list, read, reset and summarise conversations")
    .description(
      "Lists conversations and shows their messages; begins one, starts it over, summarises it, or takes turns back. No message is deleted: these commands change what agents read.",
    );
  addList(sessions, context);
  addShow(sessions, context);
  addNew(sessions, context);
  addReset(sessions, context);
  addCompact(sessions, context);
  addRewind(sessions, context);
}

function addList(sessions: Command, context: CliContext): void {
  sessions
    .command("list", { isDefault: true })
    .alias("ls")
    .description("Lists sessions, most recently used first.")
    .option("-n, --last <count>", "how many to list", parseOptionLimit, 50)
    .allowExcessArguments()
    .action(async ({ last }: { last: number }, list: Command) => {
      refuseUnknownCommand(sessions, list.args[0]);
      const { terminal, clock } = context;
      const { client } = await context.connect();
      const rows = await readPages((page) => client.listSessions(page), Math.max(1, last));
      if (terminal.isJson) return terminal.json({ sessions: rows });
      terminal.table(rows, sessionColumns(clock.nowMs()), "There are no sessions yet: start one with roost ask TEXT");
    });
}

const keyHelp = "key of the session, as in main or garden";

function addShow(sessions: Command, context: CliContext): void {
  sessions
    .command("show")
    .description("Prints the last messages of a session, each with its number.")
    .argument("<key>", "key of the session, as in main or cron:blog")
    .option("-m, --messages <count>", "how many to print", parseOptionLimit, 20)
    .action(async (sessionKey: string, { messages: count }: { messages: number }) => {
      const { terminal, clock } = context;
      const { client } = await context.connect();
      const answer = await client.getSession({ sessionKey, limit: Math.min(500, Math.max(1, count)) });
      if (terminal.isJson) return terminal.json(answer);
      for (const message of answer.messages.items) printMessage(context, message, clock.nowMs());
      if (answer.messages.items.length === 0) terminal.line(terminal.paint("The session has no messages yet", "dim"));
    });
}

function addNew(sessions: Command, context: CliContext): void {
  sessions
    .command("new")
    .description("Begins a conversation.")
    .argument("[key]", "its key; a new one when left out")
    .option("--agent <name>", "the agent that answers in it")
    .option("--title <text>", "what it is about")
    .action(async (sessionKey: string | undefined, { agent, title }: { agent?: string; title?: string }) => {
      const { terminal } = context;
      const { client } = await context.connect();
      const answer = await client.createSession({ sessionKey, agent, title });
      if (terminal.isJson) return terminal.json(answer);
      const { key } = answer.session;
      terminal.line(`Session ${plainLine(key)} begins: roost chat --session ${plainLine(key)}`);
    });
}

function addReset(sessions: Command, context: CliContext): void {
  sessions
    .command("reset")
    .description("Starts a conversation over: its agent reads nothing from before. The transcript stays.")
    .argument("<key>", keyHelp)
    .action(async (sessionKey: string) => {
      const { terminal } = context;
      const { client } = await context.connect();
      const answer = await client.resetSession({ sessionKey });
      if (terminal.isJson) return terminal.json(answer);
      terminal.line(`Session ${plainLine(sessionKey)} begins anew; roost sessions show has what was said before`);
    });
}

function addCompact(sessions: Command, context: CliContext): void {
  sessions
    .command("compact")
    .description(
      "Lets the model summarise a conversation; what must not be forgotten is written to memory first. Its agent goes on from the summary.",
    )
    .argument("<key>", keyHelp)
    .option("--no-wait", "print the run's id and do not wait for the summary")
    .action(async (sessionKey: string, { wait }: { wait: boolean }) => {
      const { terminal } = context;
      const { client } = await context.connect();
      const answer = await client.compactSession({ sessionKey });
      if (wait) return showAnswer(context, client, answer.runId);
      if (terminal.isJson) return terminal.json(answer);
      terminal.line(answer.runId);
    });
}

function addRewind(sessions: Command, context: CliContext): void {
  sessions
    .command("rewind")
    .description(
      "Takes the newest turns of a conversation back: its agent does not read them any more. What they did is not undone.",
    )
    .argument("<key>", keyHelp)
    .option("-t, --turns <count>", "how many turns", parseOptionCount)
    .option("--to <number>", "to before this message, by its number in sessions show", parseOptionCount)
    .action(async (sessionKey: string, { turns, to }: { turns?: number; to?: number }) => {
      const { terminal } = context;
      const { client } = await context.connect();
      const answer = await client.rewindSession({ sessionKey, turns, toSeq: to });
      if (terminal.isJson) return terminal.json(answer);
      const { fromSeq, messageCount } = answer;
      const taken = `${messageCount} ${messageCount === 1 ? "message" : "messages"}`;
      terminal.line(`Session ${plainLine(sessionKey)} is back to before message ${fromSeq}; ${taken} taken back`);
    });
}

function printMessage({ terminal }: CliContext, message: MessageRecord, nowMs: number): void {
  const { paint } = terminal;
  const marks = [
    `#${message.seq}`,
    relativeTime(message.createdAt, nowMs),
    message.source ?? "",
    message.isRehearsed ? "rehearsed" : "",
    message.isTakenBack ? "taken back" : "",
  ];
  const tone = message.role === "user" ? "accent" : message.role === "assistant" ? "strong" : "dim";
  terminal.line(`${paint(message.role, tone)} ${paint(plainLine(marks.filter(Boolean).join(" · ")), "dim")}`);
  for (const line of plainText(message.text).split("\n"))
    for (const part of wrapText(line, terminal.columns)) terminal.line(message.isTakenBack ? paint(part, "dim") : part);
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
