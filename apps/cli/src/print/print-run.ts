/** Prints a run with its steps. */
import { formatDurationMs } from "@roost/base";
import { tellReason } from "@roost/contract/describe-event";
import { Part as PartSchema, type RunRecord, type StepRecord, type Wait } from "@roost/contract/operations";
import type { Part } from "@roost/contract/part";
import { describePostcondition } from "./describe-postcondition.ts";
import type { Terminal } from "./create-terminal.ts";
import { formatPairs } from "./format-pairs.ts";
import { formatSpend } from "./format-spend.ts";
import { printParts } from "./print-parts.ts";
import { relativeTime } from "./relative-time.ts";
import { toneOf, type Tone } from "./create-paint.ts";
import { tellMore } from "./tell-more.ts";
import type { Column } from "./table.ts";
import { plainLine, plainText, wrapText } from "@roost/base/text-width";

export interface PrintedRun {
  run: RunRecord;
  steps: StepRecord[];
  waits: Wait[];
  holds: string[];
  /** Spending of the runs it started. */
  below: { runCount: number; costUsd: number; tokens: number };
}

export function printRun(
  terminal: Terminal,
  { run, steps, waits, holds, below }: PrintedRun,
  options: { nowMs: number; isFull: boolean },
): void {
  const { paint } = terminal;
  const { nowMs } = options;
  terminal.line(`${paint(plainLine(run.title), "strong")}  ${paint(run.state, toneOf(run.state))}`);
  const pairs: [string, string][] = [
    ["id", run.id],
    ["why", plainLine(tellReason(run.reason))],
    ["job", run.jobId === null ? "" : `${run.jobId}${run.jobVersion === null ? "" : `, version ${run.jobVersion}`}`],
    ["retry of", run.retryOf ?? ""],
    ["forked from", run.forkedFrom === null ? "" : `${run.forkedFrom}, step ${run.forkedSeq ?? 1}`],
    ["session", plainLine(run.sessionKey ?? "")],
    ["model", modelsOf(steps)],
    ["agent", `${run.agent}${run.agentVersion === null ? "" : `, version ${run.agentVersion}`}`],
    ["attempt", run.attemptsMax > 1 || run.attempt > 1 ? `${run.attempt} of ${run.attemptsMax}` : ""],
    ["created", relativeTime(run.createdAt, nowMs)],
    [
      "late",
      run.lateMs >= 1000
        ? `${formatDurationMs(run.lateMs)}${run.missedCount > 0 ? `, ${run.missedCount} ticks missed` : ""}`
        : "",
    ],
    ["took", tookOf(run.startedAt, run.endedAt)],
    ["must", run.postconditions.map(describePostcondition).map(plainLine).join("; ")],
    ["worker", run.workerId ?? ""],
    ["spent", spentOf(run, steps)],
    ["started", below.runCount === 0 ? "" : startedText(run, below)],
    ["holds", plainLine(holds.join(", "))],
    ["cancel", run.cancelRequestedAt === null ? "" : plainLine(run.cancelReason ?? "asked for")],
    ["rehearsed", run.isRehearsed ? "there was no model, and nothing was done" : ""],
  ];
  for (const line of formatPairs(pairs, terminal)) terminal.line(line);
  for (const wait of waits)
    printText(terminal, `waits: ${plainLine(wait.text)} ${relativeTime(wait.until, nowMs)}`, "accent");
  if (run.error !== null) printText(terminal, `${run.error.code}: ${run.error.message}`, "bad");
  const more = tellMore(run);
  if (more !== undefined) printText(terminal, terminal.named(more), "dim");
  terminal.line();
  terminal.table(steps, stepColumns(), "No steps yet");
  for (const step of steps.filter(({ state }) => state === "unknown")) {
    printText(
      terminal,
      `The outcome of step ${step.seq} is unknown. Check whether it happened, then record it:`,
      "warn",
    );
    terminal.line(terminal.named(`  roost run resolve ${run.id} ${step.seq} done|failed|not_done`));
  }
  printParts(terminal, steps.flatMap(partsOf));
  if (options.isFull) for (const step of steps) printStep(terminal, step);
  const { text, remark } = (run.output ?? {}) as { text?: unknown; remark?: unknown };
  if (typeof remark === "string") printText(terminal, remark, "warn");
  if (typeof text === "string" && text !== "") {
    terminal.line();
    printText(terminal, text);
  }
}

/** Wrapped at words, its own lines kept. */
function printText(terminal: Terminal, text: string, tone: Tone = "plain"): void {
  for (const line of plainText(text)
    .split("\n")
    .flatMap((one) => wrapText(one, terminal.columns)))
    terminal.line(terminal.paint(line, tone));
}

/** Also where a model's server reports no tokens: then they are estimates, and said to be. */
function spentOf(run: RunRecord, steps: StepRecord[]): string {
  const text = formatSpend(run);
  return text !== "" && steps.some(({ usage }) => usage?.isEstimated === true) ? `${text}, estimated` : text;
}

/** A run shares its caps with the runs that it started. */
function startedText(run: RunRecord, below: PrintedRun["below"]): string {
  const all = formatSpend({ costUsd: run.costUsd + below.costUsd, tokens: run.tokens + below.tokens });
  return `${below.runCount} ${below.runCount === 1 ? "run" : "runs"}${all === "" ? "" : `, together ${all}`}`;
}

function stepColumns(): Column<StepRecord>[] {
  return [
    { title: "STEP", value: (step) => `${step.seq} ${step.name}`, widthMin: 12 },
    { title: "STATE", value: (step) => step.state, tone: (step) => toneOf(step.state) },
    { title: "KIND", value: (step) => step.kind, importance: 3 },
    { title: "EFFECT", value: (step) => step.effect, importance: 4 },
    { title: "TOOK", value: (step) => tookOf(step.startedAt, step.endedAt), importance: 2, tone: () => "dim" },
    { title: "TOKENS", value: tokensOf, importance: 5, alignRight: true, label: "tokens" },
    { title: "ERROR", value: (step) => step.error?.message ?? "", widthMin: 12, importance: 2, tone: () => "bad" },
  ];
}

function tokensOf({ usage }: StepRecord): string {
  const { inputTokens, outputTokens, isEstimated } = usage ?? {};
  if (inputTokens === undefined && outputTokens === undefined) return "";
  return `${isEstimated === true ? "~" : ""}${inputTokens ?? "?"}→${outputTokens ?? "?"}`;
}

/** Those that answered, the first one first: a fallback is seen here. */
function modelsOf(steps: StepRecord[]): string {
  const names = steps.flatMap(({ usage }) =>
    usage?.model === undefined ? [] : [`${usage.model}${usage.provider === undefined ? "" : ` (${usage.provider})`}`],
  );
  return [...new Set(names)].map(plainLine).join(", then ");
}

function tookOf(startedAt: string | null, endedAt: string | null): string {
  return startedAt === null || endedAt === null ? "" : formatDurationMs(Date.parse(endedAt) - Date.parse(startedAt));
}

function printStep(terminal: Terminal, step: StepRecord): void {
  terminal.line();
  terminal.line(terminal.paint(`${step.seq} ${plainLine(step.name)}`, "strong"));
  for (const [name, value] of [
    ["input", step.input],
    ["output", step.output],
  ] as const) {
    if (value === null || value === undefined) continue;
    terminal.line(terminal.paint(name, "dim"));
    terminal.line(plainText(JSON.stringify(value, null, 2)));
  }
}

/** What tools gave beside their text. */
function partsOf(step: StepRecord): Part[] {
  const { parts } = (step.output ?? {}) as { parts?: unknown };
  return Array.isArray(parts) ? parts.flatMap((part) => PartSchema.safeParse(part).data ?? []) : [];
}
