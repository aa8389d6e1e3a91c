/**
 * The logger that is passed to everything: one JSON object per line, or a line for people. `write` decides where a line goes. Fields whose names
 * look like secrets are hidden here, so that no caller has to.
 */
import { systemClock, type Clock } from "./clock.ts";

export const logLevels = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];

export type LogFields = Record<string, unknown>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds these fields to every line. */
  child(fields: LogFields): Logger;
}

export interface LoggerOptions {
  /** Lines below it are dropped. */
  level: LogLevel | "silent";
  /** Takes one line, ending in a line feed. */
  write: (line: string) => void;
  clock?: Clock;
  /** Lines for people instead of JSON. */
  pretty?: boolean;
}

const fieldCharsMax = 8192;
const fieldDepthMax = 6;
const fieldItemsMax = 100;
const causeDepthMax = 3;
const secretName = /(?:^|[_-])(?:token|secret|password|authorization|cookie)$|api_?key$|_key$/i;
const secretCamelName = /[a-z](?:Token|Secret|Password|Key)$/;
const harmlessName = /(?:session|idempotency|dedupe|sort|partition|primary|lock|tick)_?key$/i;

export function createLogger(options: LoggerOptions): Logger {
  return build(options, {});
}

/** Logs nothing. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
};

function build(options: LoggerOptions, bound: LogFields): Logger {
  const clock = options.clock ?? systemClock;
  const levelMin = options.level === "silent" ? logLevels.length : logLevels.indexOf(options.level);
  const log = (level: LogLevel, message: string, fields: LogFields | undefined) => {
    if (logLevels.indexOf(level) < levelMin) return;
    const plain = plainFields({ ...bound, ...fields });
    const time = new Date(clock.nowMs()).toISOString();
    const text = message.length > fieldCharsMax ? `${message.slice(0, fieldCharsMax)}…` : message;
    options.write(options.pretty ? prettyLine(time, level, text, plain) : jsonLine(time, level, text, plain));
  };
  return {
    debug: (message, fields) => log("debug", message, fields),
    info: (message, fields) => log("info", message, fields),
    warn: (message, fields) => log("warn", message, fields),
    error: (message, fields) => log("error", message, fields),
    child: (fields) => build(options, { ...bound, ...fields }),
  };
}

function jsonLine(time: string, level: LogLevel, message: string, fields: LogFields): string {
  // The line's own three names win over a field of the same name.
  return `${JSON.stringify({ ...fields, time, level, message })}\n`;
}

function prettyLine(time: string, level: LogLevel, message: string, fields: LogFields): string {
  const rest = Object.entries(fields).map(([name, value]) => {
    return `${name}=${typeof value === "string" && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)}`;
  });
  return `${[time.slice(11, 23), level.padEnd(5), message.replaceAll("\n", " "), ...rest].join(" ")}\n`;
}

function plainFields(fields: LogFields): LogFields {
  return plain(fields, 0, new Set()) as LogFields;
}

function plain(value: unknown, depth: number, above: Set<object>): unknown {
  if (typeof value === "string") return value.length > fieldCharsMax ? `${value.slice(0, fieldCharsMax)}…` : value;
  if (typeof value === "bigint" || typeof value === "symbol") return String(value);
  if (typeof value === "function") return "[function]";
  if (typeof value !== "object" || value === null) return value;
  if (above.has(value)) return "[circular]";
  if (depth >= fieldDepthMax) return "[deeper]";
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "[invalid date]" : value.toISOString();
  if (value instanceof Error) return plainError(value, 0);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;

  above.add(value);
  let result: unknown;
  if (Array.isArray(value)) {
    const items = value.slice(0, fieldItemsMax).map((item) => plain(item, depth + 1, above));
    if (value.length > fieldItemsMax) items.push(`[${value.length - fieldItemsMax} more]`);
    result = items;
  } else {
    const copy: LogFields = {};
    for (const [name, field] of Object.entries(value).slice(0, fieldItemsMax)) {
      if (field === undefined) continue;
      copy[name] = isSecret(name, field) ? "[hidden]" : plain(field, depth + 1, above);
    }
    result = copy;
  }
  above.delete(value);
  return result;
}

function isSecret(name: string, field: unknown): boolean {
  if (typeof field === "number" || typeof field === "boolean" || harmlessName.test(name)) return false;
  return secretName.test(name) || secretCamelName.test(name);
}

function plainError(error: Error, depth: number): LogFields {
  const { code, details } = error as { code?: unknown; details?: unknown };
  const fields: LogFields = { name: error.name, message: error.message.slice(0, fieldCharsMax) };
  if (code !== undefined) fields["code"] = String(code);
  if (details !== undefined) fields["details"] = plain(details, fieldDepthMax - 2, new Set());
  if (error.stack !== undefined) fields["stack"] = error.stack.slice(0, fieldCharsMax);
  if (error.cause instanceof Error && depth < causeDepthMax) fields["cause"] = plainError(error.cause, depth + 1);
  return fields;
}
