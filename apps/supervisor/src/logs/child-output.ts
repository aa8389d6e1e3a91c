/**
 * Turns a child's output into log lines: JSON lines get the child's name, other text (stack traces, Node's errors) becomes a message. Remembers the
 * last error, which is reported when the child ends.
 */
import { StringDecoder } from "node:string_decoder";
import { systemClock, type Clock } from "@roost/base";

const lineCharsMax = 64 * 1024;
const errorCharsMax = 500;

export interface ChildOutput {
  /** Output of the child, in chunks of any size. */
  take(stream: "stdout" | "stderr", chunk: Buffer): void;
  /** At the child's end: an unfinished last line is logged. */
  end(): void;
  lastError(): string | undefined;
}

export function createChildOutput(
  name: string,
  write: (line: string) => void,
  clock: Clock = systemClock,
): ChildOutput {
  let lastError: string | undefined;
  const onLine = (stream: string, text: string) => {
    if (text.trim() === "") return;
    const fields = parseFields(text);
    if (fields === undefined) {
      const level = stream === "stderr" ? "error" : "info";
      const time = new Date(clock.nowMs()).toISOString();
      // The first line of a stack trace says what happened; Node's own frame around it does not.
      if (level === "error" && /\b\w*(?:Error|FATAL)\b/.test(text)) lastError = text.trim().slice(0, errorCharsMax);
      write(`${JSON.stringify({ time, level, process: name, message: text })}\n`);
      return;
    }
    if (fields["level"] === "error" && typeof fields["message"] === "string") lastError = describe(fields);
    write(`${JSON.stringify({ ...fields, process: name })}\n`);
  };
  const splitters = {
    stdout: createSplitter((line) => onLine("stdout", line)),
    stderr: createSplitter((line) => onLine("stderr", line)),
  };
  return {
    take: (stream, chunk) => splitters[stream].take(chunk),
    end() {
      splitters.stdout.end();
      splitters.stderr.end();
    },
    lastError: () => lastError,
  };
}

function describe(fields: Record<string, unknown>): string {
  const error = fields["error"] as { message?: unknown } | undefined;
  const cause = typeof error?.message === "string" ? `: ${error.message}` : "";
  return `${String(fields["message"])}${cause}`.slice(0, errorCharsMax);
}

function parseFields(text: string): Record<string, unknown> | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** Splits a stream into lines; a longer line than the limit is split. */
function createSplitter(onLine: (line: string) => void) {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  const flush = () => {
    let end = rest.indexOf("\n");
    while (end >= 0) {
      onLine(rest.slice(0, end));
      rest = rest.slice(end + 1);
      end = rest.indexOf("\n");
    }
    while (rest.length > lineCharsMax) {
      onLine(rest.slice(0, lineCharsMax));
      rest = rest.slice(lineCharsMax);
    }
  };
  return {
    take(chunk: Buffer) {
      rest += decoder.write(chunk);
      flush();
    },
    end() {
      rest += decoder.end();
      flush();
      if (rest !== "") onLine(rest);
      rest = "";
    },
  };
}
