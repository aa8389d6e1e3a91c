/**
 * What the person sees while Roost starts, runs and stops: a line for each thing that is done, one passing line for
 * what goes on. The only place of this app that knows about colours and cursors; where the text goes is an argument.
 */
export interface TerminalOptions {
  write: (text: string) => void;
  /** Whether a line can be written over. */
  isTerminal: boolean;
  hasColor: boolean;
}

export interface Terminal {
  /** What goes on now. Stays until the next call on a terminal; elsewhere it is a line. */
  going(text: string): void;
  done(text: string): void;
  problem(text: string): void;
  /** Text that stands by itself; ends of lines are its own. */
  text(text: string): void;
  strong(text: string): string;
  faint(text: string): string;
}

const clearLine = "\r\x1b[K";

export function createTerminal(options: TerminalOptions): Terminal {
  let isPassing = false;
  const paint = (code: number, text: string) => (options.hasColor ? `\x1b[${code}m${text}\x1b[0m` : text);
  const line = (text: string) => {
    options.write(`${isPassing ? clearLine : ""}${text}\n`);
    isPassing = false;
  };
  return {
    going(text) {
      if (!options.isTerminal) return line(`… ${text}`);
      options.write(`${isPassing ? clearLine : ""}${paint(2, `… ${text}`)}`);
      isPassing = true;
    },
    done: (text) => line(`${paint(32, "✓")} ${text}`),
    problem: (text) => line(`${paint(31, "!")} ${text}`),
    text: (text) => line(text),
    strong: (text) => paint(1, text),
    faint: (text) => paint(2, text),
  };
}
