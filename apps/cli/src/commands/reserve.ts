/** `roost reserve`: reserves a subject unless a similar one is taken. */
import type { Subject } from "@roost/contract/operations";
import { RoostError } from "@roost/base";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { exitCodes } from "../exit-codes.ts";
import { findById } from "../find-by-id.ts";
import { nameHolder } from "../guarded/name-holder.ts";
import { parseOptionAmount, parseOptionDuration } from "../parse-option.ts";
import { relativeTime } from "../print/relative-time.ts";
import { shortId } from "../print/short-id.ts";
import type { Column } from "../print/table.ts";
import { plainLine } from "@roost/base/text-width";
import { readPages } from "../read-pages.ts";

interface ReserveOptions {
  scope: string;
  by?: string;
  ttl: number;
  threshold?: number;
  list?: boolean;
  release?: string;
}

const subjectsMax = 1000;

export function addReserveCommand(program: Command, context: CliContext): void {
  program
    .command("reserve")
    .summary("reserve a subject unless a similar one is taken")
    .description(
      "Reserves a subject. If a similar one is taken, even in other words, prints who took it and when, and exits with 1.",
    )
    .argument("[text...]", "the subject, or the whole text")
    .option("--scope <scope>", "where it must be unique: blog, posts, …", "cli")
    .option("--by <name>", "holder to record (default: this user, host and process)")
    .option("--ttl <duration>", "how long it stays reserved", parseOptionDuration, 30 * 86_400_000)
    .option(
      "--threshold <number>",
      "similarity from 0 to 1 that counts as the same (default: the scope's setting)",
      parseOptionAmount,
    )
    .option("--list", "list what is reserved")
    .option("--release <id>", "give up this subject")
    .action(async (words: string[], options: ReserveOptions) => {
      if (options.list === true) return list(context, options);
      if (options.release !== undefined) return release(context, options.release);
      const text = words.join(" ");
      if (text === "")
        throw new RoostError("invalid_input", "there is no subject: give one with roost reserve TEXT, or use --list");
      await take(context, text, options);
    });
}

async function take(context: CliContext, text: string, options: ReserveOptions): Promise<void> {
  const { terminal, clock } = context;
  const { client } = await context.connect();
  const { scope, ttl, threshold } = options;
  const answer = await client.reserveSubject({
    scope,
    text,
    by: options.by ?? nameHolder(),
    ttlMs: ttl,
    threshold,
  });
  if (!answer.granted) context.exitWith(exitCodes.answerIsNo);
  if (terminal.isJson) return terminal.json(answer);
  terminal.line(
    answer.granted ? `Taken: ${answer.subjectId}` : terminal.paint("Not reserved: a similar subject is taken", "warn"),
  );
  for (const near of answer.similar) {
    const percent = `${Math.round(near.similarity * 100)} %`;
    terminal.line(`  ${percent.padStart(5)} ${plainLine(near.text)}`);
    terminal.line(terminal.paint(`        ${plainLine(near.by)}, ${relativeTime(near.at, clock.nowMs())}`, "dim"));
  }
}

async function list(context: CliContext, { scope }: ReserveOptions): Promise<void> {
  const { terminal, clock } = context;
  const { client } = await context.connect();
  const subjects = await readPages((page) => client.listSubjects({ ...page, scope }), subjectsMax);
  if (terminal.isJson) return terminal.json({ subjects });
  const nowMs = clock.nowMs();
  const columns: Column<Subject>[] = [
    { title: "SUBJECT", value: (subject) => subject.text, widthMin: 16 },
    { title: "BY", value: (subject) => subject.by, widthMin: 8, importance: 2, label: "by" },
    { title: "TAKEN", value: (subject) => relativeTime(subject.at, nowMs), tone: () => "dim" },
    { title: "ID", value: (subject) => shortId(subject.id), tone: () => "dim" },
  ];
  terminal.table(subjects, columns, `Nothing is reserved in ${scope}`);
}

async function release(context: CliContext, given: string): Promise<void> {
  const { terminal } = context;
  const { client } = await context.connect();
  const { items: subjects } = await client.listSubjects({ limit: 500 });
  const ids = subjects.map(({ id }) => id);
  const subjectId = given.length >= 30 ? given : findById(given, ids, { one: "subject", list: "roost reserve --list" });
  const answer = await client.releaseSubject({ subjectId });
  if (terminal.isJson) return terminal.json(answer);
  terminal.line(answer.released ? "Given up" : "It was not reserved");
}
