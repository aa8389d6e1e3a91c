/** Shows a run in progress: the reply as it is written, tool steps and waits dimmed. */
import type { Event } from "@roost/contract/operations";
import type { Terminal } from "../print/create-terminal.ts";
import type { Tone } from "../print/create-paint.ts";
import { wrapStream } from "../print/wrap-stream.ts";
import { tellMore } from "../print/tell-more.ts";
import { printParts } from "../print/print-parts.ts";
import { plainLine, plainText, wrapText } from "@roost/base/text-width";
import type { FollowedRun, RunView } from "./follow-run.ts";
import { readAsked } from "./create-open-questions.ts";

export interface ShownRunView extends RunView, Disposable {
  /** Prints what was not streamed, ends the line, and says how the run ended if not well. */
  finish(followed: FollowedRun): void;
}

/** Of a line that a program has not ended: then it is shown as it is. */
const openLineCharsMax = 2_000;

interface RunViewOptions {
  /** A question is answered by the next line. Default: by a command. */
  isAnsweredHere?: boolean;
}

/** On a screen the reply is streamed; a file or pipe gets only the reply, at the end. */
export function createRunView(terminal: Terminal, { isAnsweredHere = false }: RunViewOptions = {}): ShownRunView {
  let isLineOpen = false;
  let hasStreamed = false;
  const progress = terminal.progress("Waiting for an answer");
  const wrapped = wrapStream(() => terminal.columns);
  const endReply = () => {
    terminal.write(wrapped.end());
    if (isLineOpen) terminal.line();
    isLineOpen = false;
  };
  const output = createLines((lines) => {
    endReply();
    for (const line of lines) printOutput(terminal, line);
  });
  const endLine = () => {
    output.end();
    endReply();
  };
  const remark = (text: string, tone: Tone) => {
    endLine();
    printRemark(terminal, text, tone);
  };
  return {
    onText(text) {
      progress[Symbol.dispose]();
      if (!terminal.isScreen || terminal.isJson) return;
      const plain = plainText(text);
      if (plain === "") return;
      output.end();
      terminal.write(wrapped.push(plain));
      hasStreamed = true;
      isLineOpen = !plain.endsWith("\n");
    },
    onRemark(text) {
      if (!terminal.isJson) remark(`· ${plainLine(text)}`, "warn");
    },
    onOutput(text) {
      if (terminal.isJson) return;
      progress[Symbol.dispose]();
      output.push(text);
    },
    onEvent(event) {
      if (terminal.isJson) return;
      const told = describeProgress(event, isAnsweredHere);
      if (told === undefined) return;
      if (told.isPassing === true) return progress.update(told.text);
      remark(told.text, told.tone);
    },
    finish({ run, missing, text, parts, remark: wrong }) {
      progress[Symbol.dispose]();
      const reply = terminal.isScreen ? missing : (text ?? "");
      const isContinued = hasStreamed && missing !== text;
      if (reply !== "") {
        if (!isContinued) endLine();
        const plain = plainText(reply);
        terminal.write(terminal.isScreen ? wrapped.push(plain) : plain);
        isLineOpen = !reply.endsWith("\n");
      }
      endLine();
      printParts(terminal, parts);
      tellEnd(terminal, { run, text, wrong });
    },
    [Symbol.dispose]() {
      progress[Symbol.dispose]();
      endLine();
    },
  };
}

function printRemark(terminal: Terminal, text: string, tone: Tone): void {
  if (!terminal.isScreen) return terminal.note(text, tone);
  const lines = terminal.named(text).split("\n");
  for (const line of lines.flatMap((one) => wrapText(one, terminal.columns))) terminal.line(terminal.paint(line, tone));
}

function printOutput(terminal: Terminal, written: string): void {
  const line = `  ${plainText(written).trimEnd()}`;
  if (terminal.isScreen) terminal.line(terminal.paint(line, "dim"));
  else terminal.note(line, "dim");
}

/** How a run ended, if not well, and what to do then. */
function tellEnd(
  terminal: Terminal,
  { run, text, wrong }: Pick<FollowedRun, "run" | "text"> & { wrong: string | undefined },
): void {
  // Some rehearsed replies are marked by the worker; the others are marked here.
  if (run.isRehearsed && text?.startsWith("[rehearsal]") !== true)
    terminal.note("rehearsed: there is no model, and nothing was done (roost doctor)", "warn");
  if (wrong !== undefined) terminal.note(plainLine(wrong), "warn");
  if (run.state === "done") return;
  const why = run.error === null ? "" : `: ${plainLine(run.error.message)}`;
  terminal.note(`The run ${run.state === "cancelled" ? "was cancelled" : `ended as ${run.state}`}${why}`, "bad");
  if (run.state !== "cancelled") terminal.note(`See: roost log why ${run.id}`, "dim");
  const more = tellMore(run);
  if (more !== undefined) terminal.note(more, "dim");
}

/** A text that comes in pieces, by lines. */
function createLines(show: (lines: readonly string[]) => void) {
  let open = "";
  return {
    push(text: string) {
      const lines = `${open}${text}`.split("\n");
      open = lines.pop() ?? "";
      if (open.length > openLineCharsMax) {
        lines.push(open);
        open = "";
      }
      if (lines.length > 0) show(lines);
    },
    /** What is left of a line without an end. */
    end() {
      if (open !== "") show([open]);
      open = "";
    },
  };
}

interface Remark {
  text: string;
  tone: Tone;
  /** Worth saying only while there is no other output. */
  isPassing?: boolean;
}

function describeProgress(event: Event, isAnsweredHere: boolean): Remark | undefined {
  const { type, data } = event;
  const text = (name: string) => (typeof data[name] === "string" ? plainLine(data[name]) : "");
  switch (type) {
    case "run.created":
      return data["state"] === "queued"
        ? { text: "Queued behind another turn of the session", tone: "dim", isPassing: true }
        : undefined;
    case "step.started":
      if (data["kind"] === "compaction") return { text: "· summarising the earlier conversation", tone: "dim" };
      return data["kind"] === "tool" ? { text: `· ${text("name")}`, tone: "dim" } : undefined;
    case "step.failed":
      return { text: `· ${text("name")} failed${messageOf(data)}`, tone: "warn" };
    case "step.unknown":
      return { text: `· ${text("name")}: outcome unknown (roost run resolve)`, tone: "warn" };
    case "run.retrying":
      return { text: `· retrying${messageOf(data)}`, tone: "warn" };
    case "run.waiting":
      return data["kind"] === "person" || data["kind"] === "resolution"
        ? undefined
        : { text: `· waits (${text("kind")})`, tone: "dim" };
    case "question.asked":
      return { text: `? ${text("prompt")}\n  ${howToAnswer(event, isAnsweredHere)}`, tone: "accent" };
    case "lease.lost":
      return { text: "· its worker was lost; another takes over", tone: "warn" };
    default:
      return undefined;
  }
}

/** What an approval is of stands in the inbox. */
function howToAnswer(event: Event, isAnsweredHere: boolean): string {
  const asked = readAsked(event);
  if (asked === undefined) return "roost inbox";
  const choices = asked.choices.map(plainLine);
  if (!isAnsweredHere) return `roost answer ${plainLine(asked.id).slice(-8)} ${choices.join("|") || "TEXT"}`;
  if (choices.length === 0) return "your next line answers it";
  return `your next line answers it: ${choices.map((choice, index) => `${index + 1} ${choice}`).join(", ")}`;
}

function messageOf(data: Event["data"]): string {
  const message = (data["error"] as { message?: unknown } | undefined)?.message;
  return typeof message === "string" ? `: ${plainLine(message)}` : "";
}
