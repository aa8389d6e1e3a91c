/** `roost notices`, `roost questions`, `roost answer`: messages and questions from agents. */
import { RoostError } from "@roost/base";
import { noticeStates, type Notice, type QuestionRecord } from "@roost/contract/operations";
import { Option, type Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { findById } from "../find-by-id.ts";
import { parseOptionLimit } from "../parse-option.ts";
import { printIndented, printQuestion } from "../print/print-question.ts";
import { relativeTime } from "../print/relative-time.ts";
import { shortId } from "../print/short-id.ts";
import { plainLine } from "@roost/base/text-width";
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
    .summary("list notices from your agents")
    .description("Lists notices, newest first.")
    .addOption(new Option("--state <state>", "only this state").choices(noticeStates))
    .option("-n, --last <count>", "how many to list", parseOptionLimit, 20)
    .action(async ({ state, last }: { state?: (typeof noticeStates)[number]; last: number }) => {
      const { terminal, clock } = context;
      const { client } = await context.connect();
      const notices = await readPages((page) => client.listNotices({ ...page, state }), Math.max(1, last));
      if (terminal.isJson) return terminal.json({ notices });
      if (notices.length === 0) terminal.line(terminal.paint("There are no notices", "dim"));
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

function addQuestions(program: Command, context: CliContext): void {
  program
    .command("questions")
    .summary("list questions from your agents")
    .description("Lists the questions that agents are waiting for you to answer.")
    .option("-a, --all", "include answered and expired questions")
    .action(async ({ all }: { all?: boolean }) => {
      const { terminal, clock } = context;
      const { client } = await context.connect();
      const questions = await readPages(
        (page) => client.listQuestions({ ...page, ...(all === true ? {} : { state: "open" as const }) }),
        questionsMax,
      );
      if (terminal.isJson) return terminal.json({ questions });
      if (questions.length === 0) terminal.line(terminal.paint("There are no open questions", "dim"));
      for (const question of questions) printListed(context, question, clock.nowMs());
    });
}

function printListed({ terminal }: CliContext, question: QuestionRecord, nowMs: number): void {
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
  printQuestion(terminal, question, nowMs);
  if (question.answer !== null) printIndented(terminal, `→ ${question.answer}`);
}

function addAnswer(program: Command, context: CliContext): void {
  program
    .command("answer")
    .summary("answer a question")
    .description("Answers a question; the waiting run continues.")
    .argument("<question>", "id of the question, the end of one, or - for the only open one")
    .argument("<text...>", "the answer")
    .action(async (given: string, words: string[]) => {
      const { terminal } = context;
      const { client } = await context.connect();
      const { items: questions } = await client.listQuestions({ state: "open", limit: questionsMax });
      const questionId = given === "-" ? onlyOne(questions) : pick(given, questions);
      const answer = await client.answerQuestion({ questionId, answer: words.join(" ") });
      if (terminal.isJson) return terminal.json(answer);
      terminal.line("Answered; the run continues");
    });
}

function onlyOne(questions: readonly QuestionRecord[]): string {
  const [first, second] = questions;
  if (first === undefined)
    throw new RoostError("not_found", "there is no open question: list all with roost questions --all");
  if (second !== undefined)
    throw new RoostError("conflict", `${questions.length} questions are open: give the id of one from roost questions`);
  return first.id;
}

/** An id that is not open is sent on; the gateway says why it cannot be answered. */
function pick(given: string, questions: readonly QuestionRecord[]): string {
  const ids = questions.map(({ id }) => id);
  return given.length >= 30 ? given : findById(given, ids, { one: "open question", list: "roost questions" });
}
