/** `roost notices`, `roost questions`, `roost answer`: what agents tell and ask the person. */
import { RoostError } from "@roost/base";
import { noticeStates, type Notice, type Question } from "@roost/contract/operations";
import { Option, type Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { findById } from "../find-by-id.ts";
import { parseOptionCount } from "../parse-option.ts";
import { relativeTime } from "../print/relative-time.ts";
import { shortId } from "../print/short-id.ts";
import { plainLine, plainText, wrapText } from "../print/text-width.ts";
import { readPages } from "../read-pages.ts";

const questionsMax = 500;

export function addNoticeCommands(program: Command, context: CliContext): void {
  addNotices(program, context);
  addQuestions(program, context);
  addAnswer(program, context);
}

function addNotices(program: Command, context: CliContext): void {
  program
    .command("notices")
    .summary("what you were told")
    .description("Lists what you were told, newest first.")
    .addOption(new Option("--state <state>", "only in this state").choices(noticeStates))
    .option("-n, --last <count>", "at most that many", parseOptionCount, 20)
    .action(async ({ state, last }: { state?: (typeof noticeStates)[number]; last: number }) => {
      const { terminal, clock } = context;
      const { client } = await context.connect();
      const notices = await readPages(
        (page) => client.listNotices({ ...page, state }),
        (page) => page.items,
        Math.max(1, last),
      );
      if (terminal.isJson) return terminal.json({ notices });
      if (notices.length === 0) terminal.line(terminal.paint("You were told nothing", "dim"));
      for (const notice of notices) printNotice(context, notice, clock.nowMs());
    });
}

function printNotice({ terminal }: CliContext, notice: Notice, nowMs: number): void {
  const tone = notice.level === "urgent" ? "bad" : notice.level === "warning" ? "warn" : "accent";
  const marks = [
    relativeTime(notice.createdAt, nowMs),
    notice.source,
    notice.state === "failed" ? `not delivered: ${notice.error}` : "",
  ];
  terminal.line(
    `${terminal.paint(notice.level, tone)} ${terminal.paint(plainLine(marks.filter(Boolean).join(" · ")), "dim")}`,
  );
  printIndented(terminal, notice.text);
}

function printIndented(terminal: CliContext["terminal"], text: string): void {
  for (const line of plainText(text).split("\n"))
    for (const part of wrapText(line, terminal.columns - 2)) terminal.line(`  ${part}`);
}

function addQuestions(program: Command, context: CliContext): void {
  program
    .command("questions")
    .summary("what you are asked")
    .description("Lists what agents ask you and wait for.")
    .option("-a, --all", "answered and expired ones too")
    .action(async ({ all }: { all?: boolean }) => {
      const { terminal, clock } = context;
      const { client } = await context.connect();
      const questions = await readPages(
        (page) => client.listQuestions({ ...page, ...(all === true ? {} : { state: "open" as const }) }),
        (page) => page.items,
        questionsMax,
      );
      if (terminal.isJson) return terminal.json({ questions });
      if (questions.length === 0) terminal.line(terminal.paint("Nobody asks you anything", "dim"));
      for (const question of questions) printQuestion(context, question, clock.nowMs());
    });
}

function printQuestion(context: CliContext, question: Question, nowMs: number): void {
  const { terminal } = context;
  const { paint } = terminal;
  const marks = [
    question.agent,
    question.jobId,
    relativeTime(question.askedAt, nowMs),
    question.state === "open" ? "" : question.state,
  ];
  terminal.line(
    `${paint(shortId(question.id), "accent")} ${paint(plainLine(marks.filter(Boolean).join(" · ")), "dim")}`,
  );
  printIndented(terminal, question.prompt);
  if (question.approval !== null) printApproval(context, question.approval);
  if (question.choices !== null) terminal.line(`  ${paint(plainLine(question.choices.join(" | ")), "dim")}`);
  if (question.answer !== null) printIndented(terminal, `→ ${question.answer}`);
}

/** What is to be approved, as it would be done: the change, or else the arguments. */
function printApproval({ terminal }: CliContext, { tool, input, diff }: NonNullable<Question["approval"]>): void {
  const shown = diff ?? `${tool} ${JSON.stringify(input, null, 2)}`;
  for (const line of plainText(shown).trimEnd().split("\n")) {
    const tone = line.startsWith("+") ? "good" : line.startsWith("-") ? "bad" : "dim";
    terminal.line(`  ${terminal.paint(line, tone)}`);
  }
}

function addAnswer(program: Command, context: CliContext): void {
  program
    .command("answer")
    .summary("answer a question")
    .description("Answers a question; the run that waits for it goes on.")
    .argument("<question>", "id of the question, the end of one, or - for the only one that is open")
    .argument("<text...>", "the answer")
    .action(async (given: string, words: string[]) => {
      const { terminal } = context;
      const { client } = await context.connect();
      const { items: questions } = await client.listQuestions({ state: "open", limit: questionsMax });
      const questionId = given === "-" ? onlyOne(questions) : pick(given, questions);
      const answer = await client.answerQuestion({ questionId, answer: words.join(" ") });
      if (terminal.isJson) return terminal.json(answer);
      terminal.line("Answered; the run goes on");
    });
}

function onlyOne(questions: readonly Question[]): string {
  const [first, second] = questions;
  if (first === undefined) throw new RoostError("not_found", "no question is open: see roost questions --all");
  if (second !== undefined)
    throw new RoostError("conflict", `${questions.length} questions are open: give the id of one, see roost questions`);
  return first.id;
}

/** An id that is not among the open ones goes to the gateway, which says what became of it. */
function pick(given: string, questions: readonly Question[]): string {
  const ids = questions.map(({ id }) => id);
  return given.length >= 30 ? given : findById(given, ids, { one: "open question", list: "roost questions" });
}
