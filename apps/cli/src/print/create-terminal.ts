/**
 * Prints results to stdout (text, or JSON on request), remarks and progress to stderr. Owns the progress line. Callers strip control characters
 * from outside texts first.
 */
import type { Clock } from "@roost/base";
import { formatDurationMs, nameCommands } from "@roost/base";
import { createPaint, type Paint, type Tone } from "./create-paint.ts";
import { formatTable, type Column } from "./table.ts";
import { cutText, wrapText } from "@roost/base/text-width";

/** The part of a stream that printing needs. */
export interface PrintStream {
  isTTY?: boolean | undefined;
  columns?: number | undefined;
  rows?: number | undefined;
  write(text: string): unknown;
}

export interface TerminalOptions {
  stdout: PrintStream;
  stderr: PrintStream;
  /** Whether a person can type an answer. */
  isInputTerminal: boolean;
  isJson: boolean;
  wantsColor: boolean | undefined;
  columns: number | undefined;
  /** How `roost` is called here, as hints name it. */
  command: () => string;
  clock: Clock;
  /** How long something takes before the screen says that it is going on. Default: 1,000. */
  progressDelayMs?: number | undefined;
}

export interface Progress extends Disposable {
  update(text: string): void;
}

export interface Terminal {
  readonly isJson: boolean;
  /** Whether stdout is a screen. */
  readonly isScreen: boolean;
  /** Whether a person can be asked. */
  readonly isInteractive: boolean;
  readonly columns: number;
  readonly rows: number;
  /** For stdout. */
  paint: Paint;
  /** For stderr. */
  paintNote: Paint;
  /** Raw, to stdout. */
  write(text: string): void;
  line(text?: string): void;
  table<Row>(rows: readonly Row[], columns: readonly Column<Row>[], whenEmpty: string): void;
  /** The single document of a command's `--json`. */
  json(value: unknown): void;
  /** One document of several, on a line. */
  jsonLine(value: unknown): void;
  /** A hint whose commands can be pasted here. */
  named(text: string): string;
  /** A remark on stderr, its commands as they can be pasted. */
  note(text: string, tone?: Tone): void;
  /** Shows what is going on once it takes longer. Nested progress stays silent. */
  progress(text: string): Progress;
}

const progressDelayMsDefault = 1000;
const columnsDefault = 80;
/** Width for a file or a pipe. */
const columnsOfPipe = 120;
const rowsDefault = 24;
const clearLine = "\r\x1b[K";

export function createTerminal(options: TerminalOptions): Terminal {
  const { stdout, stderr, isJson } = options;
  const isScreen = stdout.isTTY === true;
  const paint = createPaint(options.wantsColor ?? isScreen);
  const paintNote = createPaint(options.wantsColor ?? stderr.isTTY === true);
  const passing = createPassingLine(options, paintNote);
  const out = (text: string) => {
    passing.clear();
    stdout.write(text);
  };
  const columns = () =>
    options.columns ?? (isScreen ? (stdout.columns ?? columnsDefault) || columnsDefault : columnsOfPipe);
  const named = (text: string) => nameCommands(text, options.command());
  const noteLines = (text: string) => {
    const width = options.columns ?? (stderr.isTTY === true ? (stderr.columns ?? columnsDefault) : undefined);
    const lines = named(text).split("\n");
    return width === undefined ? lines : lines.flatMap((line) => wrapText(line, width || columnsDefault));
  };
  return {
    isJson,
    isScreen,
    isInteractive: isScreen && options.isInputTerminal,
    get columns() {
      return columns();
    },
    get rows() {
      return (stdout.rows ?? rowsDefault) || rowsDefault;
    },
    paint,
    paintNote,
    named,
    write: out,
    line: (text = "") => out(`${text}\n`),
    table: (rows, of, whenEmpty) => {
      if (rows.length === 0) return out(`${paint(whenEmpty, "dim")}\n`);
      out(`${formatTable(rows, of, { columns: columns(), paint }).join("\n")}\n`);
    },
    json: (value) => out(`${JSON.stringify(value, null, 2)}\n`),
    jsonLine: (value) => out(`${JSON.stringify(value)}\n`),
    note: (text, tone = "plain") => {
      passing.clear();
      for (const line of isJson ? [text] : noteLines(text)) stderr.write(`${paintNote(line, tone)}\n`);
    },
    progress: (text) => passing.show(text),
  };
}

/** The progress line: on a screen it is overwritten and counts the time, elsewhere it is printed once. */
function createPassingLine(
  { stderr, clock, columns, progressDelayMs = progressDelayMsDefault }: TerminalOptions,
  paint: Paint,
) {
  let text: string | undefined;
  let isShown = false;
  const clear = () => {
    if (isShown && stderr.isTTY === true) stderr.write(clearLine);
    isShown = false;
  };
  const silent: Progress = { update: () => undefined, [Symbol.dispose]: () => undefined };
  return {
    clear,
    show(first: string): Progress {
      if (text !== undefined) return silent;
      text = first;
      let told: string | undefined;
      const startMs = clock.nowMs();
      const draw = () => {
        if (stderr.isTTY === true) {
          const elapsed = formatDurationMs(Math.floor((clock.nowMs() - startMs) / 1000) * 1000);
          const width = (columns ?? stderr.columns ?? columnsDefault) || columnsDefault;
          stderr.write(`${clearLine}${paint(cutText(`… ${text} (${elapsed})`, width - 1), "dim")}`);
          isShown = true;
        } else if (told !== text) {
          told = text;
          stderr.write(`… ${text}\n`);
        }
      };
      const timer = setInterval(draw, progressDelayMs);
      timer.unref();
      return {
        update(next) {
          text = next;
        },
        [Symbol.dispose]() {
          clearInterval(timer);
          clear();
          text = undefined;
        },
      };
    },
  };
}
