/** Prints an error in one or two lines and returns the exit code. */
import { toRoostError } from "@roost/base";
import { exitCodeOf } from "@roost/contract/status-codes";
import type { Terminal } from "./print/create-terminal.ts";
import { plainText } from "@roost/base/text-width";

export function reportError(thrown: unknown, terminal: Terminal, isDebug: boolean): number {
  const error = toRoostError(thrown);
  const exitCode = exitCodeOf(error.code);
  if (terminal.isJson) {
    const { code, message, details } = error;
    terminal.note(JSON.stringify({ error: { code, message, exitCode, details } }));
  } else {
    terminal.note(`${terminal.paintNote("roost:", "bad")} ${plainText(error.message)}`);
    const advice = adviceOf(error.code);
    if (advice !== undefined && !isDebug) terminal.note(advice, "dim");
  }
  if (isDebug) for (const line of stacksOf(error)) terminal.note(plainText(line), "dim");
  return exitCode;
}

function adviceOf(code: string): string | undefined {
  if (code === "internal") return "This is a bug; run the command again with --debug to see where";
  if (code === "unauthenticated") return "roost doctor checks the token";
  return undefined;
}

const causesMax = 5;

function stacksOf(error: Error): string[] {
  const stacks: string[] = [];
  let current: unknown = error;
  for (let depth = 0; depth < causesMax && current instanceof Error; depth += 1) {
    stacks.push(`${depth === 0 ? "" : "caused by "}${current.stack ?? current.message}`);
    current = current.cause;
  }
  return stacks;
}
