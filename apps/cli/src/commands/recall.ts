/** `roost recall`: what the home knows of something. */
import { isUntrusted, parseLabels } from "@roost/contract/labels";
import { recalledKinds, type RecalledLine, type RecalledOfService } from "@roost/contract/operations";
import { plainLine, plainText, wrapText } from "@roost/base/text-width";
import { Option, type Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { parseOptionDuration, parseOptionLimit } from "../parse-option.ts";
import { relativeTime } from "../print/relative-time.ts";
import { shortId } from "../print/short-id.ts";

interface RecallOptions {
  kind?: (typeof recalledKinds)[number];
  since?: number;
  last: number;
}

export function addRecallCommand(program: Command, context: CliContext): void {
  program
    .command("recall")
    .summary("find what your home knows of something")
    .description(
      "Finds what files, conversations and events say about something, best lines first, each with its source, then what the services of your home know about it. Lines based on content from outside name it.",
    )
    .argument("<question...>", "a question or a few words")
    .addOption(new Option("--kind <kind>", "only these lines").choices(recalledKinds))
    .option("--since <duration>", "only what is newer, as in 30d", parseOptionDuration)
    .option("-n, --last <count>", "how many lines", parseOptionLimit, 10)
    .action(async (words: string[], { kind, since, last }: RecallOptions) => {
      const { terminal, clock } = context;
      const { client } = await context.connect();
      const found = await client.recall({
        query: words.join(" "),
        limit: last,
        kinds: kind === undefined ? undefined : [kind],
        since: since === undefined ? undefined : new Date(clock.nowMs() - since).toISOString(),
      });
      const { lines, services, unanswered } = found;
      if (terminal.isJson) return terminal.json({ lines, services, unanswered });
      const told = services.map((one) => ({ ...one, lines: linesOfAnswer(one.answer) }));
      if (lines.length === 0 && told.every((one) => one.lines.length === 0))
        terminal.line(terminal.paint("Nothing tells of it", "dim"));
      for (const line of lines) printLine(context, line);
      for (const one of told) printAnswer(context, one);
      for (const { service, reason } of unanswered)
        terminal.note(plainLine(`${service} did not answer: ${reason}`), "warn");
    });
}

function printLine(context: CliContext, line: RecalledLine): void {
  const moment = relativeTime(line.at, context.clock.nowMs());
  printHead(context, [sourceOf(line), line.saidBy ?? "", moment].filter(Boolean).join(" · "), line.labels);
  printText(context, line.text);
}

function printAnswer(context: CliContext, { service, labels, lines }: RecalledOfService & { lines: string[] }): void {
  if (lines.length === 0) return;
  printHead(context, service, labels);
  for (const line of lines) printText(context, line);
}

function printHead({ terminal }: CliContext, head: string, written: readonly string[]): void {
  const labels = parseLabels(written);
  const outside = labels.sources.join(", ") || "outside";
  const mark = isUntrusted(labels) ? ` ${terminal.paint(plainLine(`from ${outside}`), "warn")}` : "";
  terminal.line(`${terminal.paint(plainLine(head), "dim")}${mark}`);
}

function printText({ terminal }: CliContext, text: string): void {
  for (const part of wrapText(plainText(text).replaceAll("\n", " "), terminal.columns - 2)) terminal.line(`  ${part}`);
}

const answerLinesMax = 50;

/** Of what a service answers, whatever its form: a line for each record of its lists, with what is said in it. */
function linesOfAnswer(answer: unknown): string[] {
  const lists = Array.isArray(answer) ? [answer] : Object.values(answer ?? {}).filter(Array.isArray);
  return lists
    .flat()
    .map((record) => saidIn(record).join(" · "))
    .filter((line) => line !== "")
    .slice(0, answerLinesMax);
}

/** Ids name records to programs; a person reads the rest. */
function saidIn(value: unknown, name = ""): string[] {
  if (value === null || value === undefined || value === "" || typeof value === "boolean" || /(?:^i|I)ds?$/.test(name))
    return [];
  if (Array.isArray(value)) return value.flatMap((one) => saidIn(one, name));
  if (typeof value === "object") return Object.entries(value).flatMap(([field, one]) => saidIn(one, field));
  return [String(value)];
}

/** memory/2026-01-31.md:12, or the conversation with the end of the message's id. */
function sourceOf({ kind, document, ref }: RecalledLine): string {
  if (kind === "file") return `${document}:${ref}`;
  return `${kind === "fact" ? "fact" : document} ${shortId(ref)}`;
}
