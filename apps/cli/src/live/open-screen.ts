/** A full-screen live view: alternate screen, no cursor, single keys. The terminal is restored however the process ends. */
import type { Terminal } from "../print/create-terminal.ts";

export interface Screen extends Disposable {
  /** Draws these lines from the top; they must fit. */
  draw(lines: readonly string[]): void;
  /** Aborted with q, Escape, Ctrl-C or a signal. */
  left: AbortSignal;
}

const enter = "\x1b[?1049h\x1b[?25l\x1b[H\x1b[2J";
const leave = "\x1b[?25h\x1b[?1049l";
const clearRestOfLine = "\x1b[K";
const clearBelow = "\x1b[J";
const home = "\x1b[H";
const leavingKeys = new Set(["q", "Q", "\x03", "\x1b", "\x04"]);
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export function openScreen(terminal: Terminal, options: { onResize: () => void }): Screen {
  const leaving = new AbortController();
  const { stdin, stdout } = process;
  const canReadKeys = stdin.isTTY === true;
  let isOpen = true;
  const onKey = (key: Buffer) => {
    if (leavingKeys.has(key.toString())) leaving.abort();
  };
  const onSignal = () => leaving.abort();
  const restore = () => {
    if (!isOpen) return;
    isOpen = false;
    if (canReadKeys) stdin.setRawMode(false);
    stdin.off("data", onKey).pause();
    for (const signal of signals) process.off(signal, onSignal);
    stdout.off("resize", options.onResize);
    process.off("exit", restore);
    terminal.write(leave);
  };
  process.on("exit", restore);
  for (const signal of signals) process.on(signal, onSignal);
  if (canReadKeys) {
    stdin.setRawMode(true);
    stdin.on("data", onKey).resume();
  }
  stdout.on("resize", options.onResize);
  terminal.write(enter);
  return {
    left: leaving.signal,
    draw(lines) {
      if (!isOpen) return;
      terminal.write(`${home}${lines.map((line) => line + clearRestOfLine).join("\r\n")}${clearBelow}`);
    },
    [Symbol.dispose]: restore,
  };
}
