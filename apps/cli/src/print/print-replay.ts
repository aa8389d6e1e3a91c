/** Prints a replay: the verdict, each difference with both sides, what was not compared, what would come next. */
import type { ReplayDifference, ReplayExcerpt, ReplayReport } from "@roost/contract/operations";
import type { Terminal } from "./create-terminal.ts";
import { formatPairs } from "./format-pairs.ts";
import { plainLine, plainText, wrapText } from "@roost/base/text-width";

/** Shown by default. */
const differencesShown = 5;
const excerptLinesShown = 6;
const textLinesShown = 12;

const meanings: Record<ReplayDifference["kind"], string> = {
  step: "another step",
  input: "another input",
  effect: "different effect class",
  context: "the run would be told something else",
  request: "the model would be asked something else",
  not_recorded: "it would continue where the run ended",
  not_asked: "it would end where the run continued",
  end: "it would end differently",
};

interface View {
  isFull: boolean;
}

export function printReplay(terminal: Terminal, report: ReplayReport, view: View): void {
  const { paint } = terminal;
  const isSame = report.verdict === "same";
  const verdict = isSame ? paint("the same", "good") : paint("diverges", "bad");
  terminal.line(`${paint(plainLine(report.title), "strong")}  ${verdict}`);
  for (const line of formatPairs(pairsOf(report), terminal)) terminal.line(line);
  const shown = view.isFull ? report.differences : report.differences.slice(0, differencesShown);
  for (const [index, difference] of shown.entries()) printDifference(terminal, difference, { ...view, index });
  const hidden = report.differenceCount - shown.length;
  if (hidden > 0) write(terminal, `and ${hidden} further ${hidden === 1 ? "difference" : "differences"}`, "dim");
  if (report.notCompared.length > 0) terminal.line();
  for (const { seq, what, why } of report.notCompared)
    write(terminal, `not compared: ${seq === null ? "" : `step ${seq}, `}${plainLine(what)}: ${plainLine(why)}`, "dim");
  const unlisted = report.notComparedCount - report.notCompared.length;
  if (unlisted > 0) write(terminal, `and ${unlisted} more not compared`, "dim");
  if (report.next !== null) printNext(terminal, report.next, view);
}

function pairsOf({
  runId,
  job,
  agent,
  stepCount,
  answeredCount,
  isComplete,
  replayedEnd,
}: ReplayReport): [string, string][] {
  const present = job === null || job.presentVersion === null ? "gone" : `version ${job.presentVersion}`;
  const isOther = job !== null && job.presentVersion !== job.recordedVersion;
  const isOtherAgent = agent.presentVersion !== agent.recordedVersion;
  const nowAgent = agent.presentVersion === null ? "as roost.yaml says" : `version ${agent.presentVersion}`;
  const thenAgent = agent.recordedVersion === null ? "not defined then" : `version ${agent.recordedVersion}`;
  return [
    ["run", runId],
    ["agent", `${agent.id}, ${thenAgent}${isOtherAgent ? `, now ${nowAgent}` : ""}`],
    ["job", job === null ? "" : `${job.id}, version ${job.recordedVersion}${isOther ? `, now ${present}` : ""}`],
    ["steps", `${answeredCount} of ${stepCount} answered from the record`],
    ["end", replayedEnd !== null ? replayedEnd.state : isComplete ? "" : "not reached"],
  ];
}

function printDifference(
  terminal: Terminal,
  { seq, name, kind, part, recorded, replayed }: ReplayDifference,
  { index, isFull }: View & { index: number },
): void {
  const place = seq === null ? "at the end" : `at step ${seq}, ${plainLine(name)}`;
  terminal.line();
  write(terminal, `${index === 0 ? "first " : ""}${place}: ${meanings[kind]}`, index === 0 ? "bad" : "warn");
  if (part !== "") write(terminal, `  ${plainLine(part)}`, "dim");
  printSide(terminal, "then", recorded, isFull);
  printSide(terminal, "now", replayed, isFull);
}

function printSide(terminal: Terminal, when: string, side: ReplayExcerpt | null, isFull: boolean): void {
  const label = `  ${when.padEnd(4)} `;
  const lines = linesOf(terminal, side === null ? "(nothing)" : side.text.trim() || "(empty)", label.length);
  const shown = isFull ? lines : lines.slice(0, excerptLinesShown);
  if (side?.isUntrusted === true) shown.unshift(terminal.paint("(untrusted)", "warn"));
  for (const [index, line] of shown.entries())
    terminal.line(`${index === 0 ? terminal.paint(label, "dim") : " ".repeat(label.length)}${line}`);
  if (shown.length < lines.length) terminal.line(`${" ".repeat(label.length)}…`);
}

function printNext(terminal: Terminal, next: NonNullable<ReplayReport["next"]>, view: View): void {
  const { paint } = terminal;
  terminal.line();
  write(terminal, `next step would be ${next.seq}: ${plainLine(next.name)} (${next.kind}, ${next.effect})`, "strong");
  const mark = (isUntrusted: boolean) => (isUntrusted ? ` ${paint("(untrusted)", "warn")}` : "");
  const text = (given: string) => {
    const lines = linesOf(terminal, given, 4);
    const shown = view.isFull ? lines : lines.slice(0, textLinesShown);
    for (const line of shown) terminal.line(`    ${line}`);
    if (shown.length < lines.length) terminal.line(paint("    …", "dim"));
  };
  const { request } = next;
  if (request === null) {
    if (next.input === null || next.input === undefined) return;
    terminal.line(`  input${mark(next.isUntrusted)}`);
    return text(JSON.stringify(next.input, null, 2));
  }
  write(terminal, `  model: ${plainLine(request.model)}, at most ${request.outputTokensMax} output tokens`);
  write(terminal, `  tools: ${plainLine(request.tools.map(({ name }) => name).join(", ")) || "none"}`);
  for (const section of request.sections) {
    terminal.line(`  ${plainLine(section.name)}, ${section.charCount} characters${mark(section.isUntrusted)}`);
    if (view.isFull) text(section.text);
  }
  if (request.messagesLeftOut > 0) write(terminal, `  ${request.messagesLeftOut} earlier messages`, "dim");
  for (const message of request.messages) {
    const of = message.toolName === undefined ? "" : ` ${plainLine(message.toolName)}`;
    terminal.line(`  ${paint(`${message.role}${of}`, "accent")}${mark(message.isUntrusted)}`);
    if (message.text !== "") text(message.text);
    for (const call of message.toolCalls ?? []) text(`${call.toolName} ${call.argumentsText}`);
  }
}

/** Fits a text into the width and strips control characters. */
function linesOf(terminal: Terminal, given: string, indent: number): string[] {
  const room = Math.max(10, terminal.columns - indent);
  return plainText(given)
    .trimEnd()
    .replaceAll("\t", "  ")
    .split("\n")
    .flatMap((line) => wrapText(line, room));
}

function write(terminal: Terminal, text: string, tone: Parameters<Terminal["paint"]>[1] = "plain"): void {
  const indent = /^ */.exec(text)?.[0] ?? "";
  for (const line of wrapText(text.trimStart(), Math.max(10, terminal.columns - indent.length)))
    terminal.line(`${indent}${terminal.paint(line, tone)}`);
}
