/**
 * What the person sees while Roost starts, runs and stops: a line per finished step, and one transient line for the current one. The only place in
 * this app that knows colours, cursors and widths; output goes to the given stream.
 */
import { nameCommands } from "@roost/base";
import { cutText, wrapText } from "@roost/base/text-width";

export interface ProcessTerminalOptions {
  write: (text: string) => void;
  /** Whether a line can be overwritten. */
  isTerminal: boolean;
  hasColor: boolean;
  /** Lines are wrapped to this width at words. */
  columns: () => number;
  /** How `roost` is called here, as hints name it. */
  command: string;
}

export interface ProcessTerminal {
  /** The current step. Overwritten by the next call on a terminal; elsewhere a line. */
  going(text: string): void;
  done(text: string): void;
  problem(text: string): void;
  /** Stand-alone text with its own line ends. */
  text(text: string): void;
  strong(text: string): string;
  faint(text: string): string;
}

/** A line that is an address, also a painted one. */
// oxlint-disable-next-line no-control-regex -- the paint is one
const addressLine = /^ *(?:\x1b\[\d+m)?https?:\/\/\S+$/;

const clearLine = "\r\x1b[K";

export function createTerminal(options: ProcessTerminalOptions): ProcessTerminal {
  let isPassing = false;
  const paint = (code: number, text: string) => (options.hasColor ? `\x1b[${code}m${text}\x1b[0m` : text);
  const line = (text: string) => {
    const lines = nameCommands(text, options.command).split("\n");
    // A broken address can be neither clicked nor pasted.
    const wrapped = lines.flatMap((one) => (addressLine.test(one) ? [one] : wrapText(one, options.columns())));
    options.write(`${isPassing ? clearLine : ""}${wrapped.join("\n")}\n`);
    isPassing = false;
  };
  return {
    going(text) {
      if (!options.isTerminal) return line(`… ${text}`);
      options.write(`${isPassing ? clearLine : ""}${paint(2, cutText(`… ${text}`, options.columns() - 1))}`);
      isPassing = true;
    },
    done: (text) => line(`${paint(32, "✓")} ${text}`),
    problem: (text) => line(`${paint(31, "!")} ${text}`),
    text: (text) => line(text),
    strong: (text) => paint(1, text),
    faint: (text) => paint(2, text),
  };
}
