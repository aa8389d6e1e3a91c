/**
 * Parses cron expressions and finds their wall-clock matches. Knows no time zones: croner is used in UTC only, without clock changes;
 * next-moments.ts maps wall time to instants by one rule.
 */
import { RoostError } from "@roost/base";
import { Cron } from "croner";

export interface CronExpression {
  /** The minute or hour field starts with `*`: an interval on the real clock (Debian's rule), which runs in both halves of an overlap. */
  readonly interval: boolean;
  /** The hour field starts with `*`: the hours after a gap bring what the gap took. */
  readonly everyHour: boolean;
  /** The first matching wall time after `wallMs`, both written as if the wall clock showed UTC. */
  nextWall(wallMs: number): number | undefined;
}

const nicknames: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};

export const cronExpressionCharsMax = 200;

/**
 * Parses 5 fields (minute hour day month weekday), 6 (seconds first) or a nickname such as @hourly. When day and weekday are both given either
 * matches, as in every cron; `?` is `*`, as in Quartz and croner.
 * @throws invalid_input naming the wrong field
 */
export function parseCronExpression(written: string): CronExpression {
  const expression = expand(written);
  const fields = expression.split(" ");
  if (fields.length !== 5 && fields.length !== 6) {
    throw invalid(
      written,
      `it has ${fields.length} fields; cron has 5 (minute hour day month weekday), or 6 with seconds first`,
    );
  }
  // croner treats `?` as a written star and combines day and weekday by "or": the weekday would be ignored.
  const plain = fields.map((field) => field.replace(/^\?/, "*"));
  const cron = compile(written, plain.join(" "));
  const [minute = "", hour = ""] = plain.slice(-5);
  return {
    interval: minute.startsWith("*") || hour.startsWith("*"),
    everyHour: hour.startsWith("*"),
    nextWall: (wallMs) => cron.nextRun(new Date(wallMs))?.getTime(),
  };
}

function expand(written: string): string {
  const text = written.trim().replaceAll(/\s+/g, " ");
  if (text.length > cronExpressionCharsMax) {
    throw invalid(written, `it is longer than ${cronExpressionCharsMax} characters`);
  }
  if (!text.startsWith("@")) return text;
  const expansion = nicknames[text.toLowerCase()];
  if (expansion !== undefined) return expansion;
  throw invalid(written, `the nicknames are ${Object.keys(nicknames).join(" ")}`);
}

function compile(written: string, expression: string): Cron {
  let cron: Cron;
  try {
    cron = new Cron(expression, { timezone: "UTC", mode: "5-or-6-parts", paused: true });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.replace(/^CronPattern: /, "") : String(cause);
    const name = /stand alone \('(\w+)'\)/.exec(reason)?.[1];
    const told =
      name === undefined ? reason.replace(/\.$/, "") : `write ${name} with three letters: ${name.slice(0, 3)}`;
    throw invalid(written, told, cause);
  }
  // From a fixed date, so that an expression is refused on every day or on none.
  if (cron.nextRun(new Date("2000-01-01T00:00:00Z")) === null) {
    throw invalid(written, "no date ever matches it; check day and month");
  }
  return cron;
}

function invalid(written: string, reason: string, cause?: unknown): RoostError {
  return new RoostError("invalid_input", `"${written.slice(0, 64)}" is not a cron expression: ${reason}`, { cause });
}
