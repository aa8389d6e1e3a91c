/** Builds a job's definition from the options of `roost jobs add`. */
import { parseDurationMs, RoostError, type Clock } from "@roost/base";
import type { Postcondition } from "@roost/contract/operations";
import { dropUndefined } from "../drop-undefined.ts";
import { parseMoment } from "../home-zone.ts";
import { parseOptionDuration } from "../parse-option.ts";
import type { WrittenJob } from "./read-job-files.ts";

type EventTrigger = Extract<WrittenJob["trigger"], { kind: "event" }>;

export interface BudgetOptions {
  budgetUsd?: number;
  budgetTokens?: number;
  budgetCalls?: number;
}

export interface JobOptions extends BudgetOptions {
  cron?: string;
  every?: string;
  at?: string;
  on?: string;
  filter?: string[] | undefined;
  debounce?: string;
  batch?: string;
  timeZone?: string;
  prompt?: string;
  title?: string;
  agent?: string;
  session?: WrittenJob["session"];
  overlap?: WrittenJob["overlap"];
  catchUp?: "skip" | "last" | "all";
  timeout?: number;
  jitter?: number;
  attempts?: number;
  activeHours?: string;
  tool?: string[];
  model?: string;
  input?: string[];
  onUnknown?: "tell" | "wait";
  must?: string[];
  priority?: number;
  queue?: string;
  concurrency?: string;
  rate?: string;
  overRate?: "wait" | "skip";
  disabled?: boolean;
}

export interface HomeMoment {
  clock: Clock;
  /** The home's. */
  timeZone: string;
}

/** @throws RoostError `invalid_input` */
export function jobFromOptions(id: string, options: JobOptions, at: HomeMoment): WrittenJob {
  if ((options.prompt ?? "").trim() === "")
    throw new RoostError("invalid_input", `job "${id}" has no prompt: give one with --prompt TEXT`);
  const { timeout, jitter, attempts } = options;
  return dropUndefined({
    id,
    title: options.title,
    agent: options.agent,
    session: options.session,
    trigger: triggerOf(options, at),
    prompt: options.prompt,
    overlap: options.overlap,
    catchUp: options.catchUp === undefined ? undefined : { policy: options.catchUp },
    timeoutMs: timeout,
    jitterMs: jitter,
    retry: attempts === undefined ? undefined : { attemptsMax: attempts },
    budget: budgetOf(options),
    activeHours: activeHoursOf(options),
    tools: options.tool,
    model: options.model,
    inputs: options.input?.map(inputOf),
    postconditions: options.must?.map(postconditionOf),
    priority: options.priority,
    queue: options.queue,
    ...startLimitsOf(options),
    onUnknown: options.onUnknown,
    enabled: options.disabled === true ? false : undefined,
  }) as WrittenJob;
}

/** Undefined when no cap is given. */
export function budgetOf({ budgetUsd, budgetTokens, budgetCalls }: BudgetOptions): WrittenJob["budget"] {
  if (budgetUsd === undefined && budgetTokens === undefined && budgetCalls === undefined) return undefined;
  return dropUndefined({ usdMax: budgetUsd, tokensMax: budgetTokens, callsMax: budgetCalls });
}

function triggerOf(options: JobOptions, now: HomeMoment): WrittenJob["trigger"] {
  const { cron, every, at, on, timeZone } = options;
  const given = Object.entries({ cron, every, at, on }).filter(([, value]) => value !== undefined);
  if (given.length > 1)
    throw new RoostError(
      "invalid_input",
      `--${given.map(([name]) => name).join(" and --")} cannot be combined: a job has one trigger`,
    );
  if (timeZone !== undefined && cron === undefined && options.activeHours === undefined)
    throw new RoostError("invalid_input", "--time-zone goes with --cron or --active-hours");
  if (options.filter !== undefined && on === undefined)
    throw new RoostError("invalid_input", "--filter goes with --on EVENT");
  if ((options.debounce !== undefined || options.batch !== undefined) && on === undefined)
    throw new RoostError("invalid_input", "--debounce and --batch go with --on EVENT");
  if (cron !== undefined) return { kind: "cron", expression: cron, timeZone };
  if (every !== undefined) {
    parseOptionDuration(every);
    return { kind: "every", every };
  }
  if (at !== undefined) return { kind: "at", at: momentOf(at, now) };
  if (on !== undefined) {
    const filter = Object.fromEntries((options.filter ?? []).map(filterOf));
    return {
      kind: "event",
      eventType: on,
      filter: options.filter === undefined ? undefined : filter,
      ...windowOf(options),
    };
  }
  return { kind: "manual" };
}

function windowOf({ debounce, batch }: JobOptions): Pick<EventTrigger, "debounce" | "batch"> {
  if (debounce !== undefined && batch !== undefined)
    throw new RoostError("invalid_input", "--debounce and --batch cannot be combined");
  if (debounce !== undefined) {
    const [quiet = "", maxWait] = debounce.split(",");
    return { debounce: { quiet, maxWait } };
  }
  if (batch === undefined) return {};
  const [, max, maxAge] = /^(\d+),(.+)$/.exec(batch) ?? [];
  if (max === undefined || maxAge === undefined)
    throw new RoostError("invalid_input", `--batch "${batch}" is not valid: write it like 50,10m`);
  return { batch: { max: Number(max), maxAge } };
}

/** A moment to come, or a duration from now. A time without an offset is in the home's zone. */
function momentOf(text: string, { clock, timeZone }: HomeMoment): string {
  const fromNowMs = durationOf(text);
  const ms = fromNowMs === undefined ? parseMoment(text, timeZone) : clock.nowMs() + fromNowMs;
  if (Number.isNaN(ms))
    throw new RoostError(
      "invalid_input",
      `--at "${text}" is not a time: give one like 2025-06-01T09:00, or a duration like 20m`,
    );
  if (ms < clock.nowMs())
    throw new RoostError("invalid_input", `--at "${text}" is in the past (in ${timeZone}): give a time to come`);
  return new Date(ms).toISOString();
}

function durationOf(text: string): number | undefined {
  try {
    return parseDurationMs(text);
  } catch {
    return undefined;
  }
}

function filterOf(text: string): [string, string | number | boolean | null] {
  const [, path = "", value = ""] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (path === "") throw new RoostError("invalid_input", `--filter "${text}" is not valid: write it like path=value`);
  try {
    const parsed: unknown = JSON.parse(value);
    if (parsed === null || ["number", "boolean", "string"].includes(typeof parsed)) return [path, parsed as string];
  } catch {
    // Plain text.
  }
  return [path, value];
}

function activeHoursOf({ activeHours, timeZone, cron }: JobOptions): WrittenJob["activeHours"] {
  if (activeHours === undefined) return undefined;
  const [, start, end] = /^(\d\d:\d\d)-(\d\d:\d\d)$/.exec(activeHours) ?? [];
  if (start === undefined || end === undefined)
    throw new RoostError("invalid_input", `--active-hours "${activeHours}" is not valid: write it like 08:00-22:00`);
  return { start, end, timeZone: timeZone === undefined || cron !== undefined ? undefined : timeZone };
}

function inputOf(text: string): { file: string; staleAfterMs: number } {
  const at = text.lastIndexOf("=");
  if (at <= 0)
    throw new RoostError("invalid_input", `--input "${text}" is not valid: write it like memory/email-state.json=30m`);
  return { file: text.slice(0, at), staleAfterMs: parseDurationMs(text.slice(at + 1)) };
}

function startLimitsOf({ concurrency, rate, overRate }: JobOptions): Pick<WrittenJob, "concurrency" | "rateLimit"> {
  const [, most, slotKey] = /^(\d+)(?:,(.+))?$/.exec(concurrency ?? "1") ?? [];
  const [, count, per = "", rateKey] = /^(\d+)\/([^,]+)(?:,(.+))?$/.exec(rate ?? "1/1s") ?? [];
  if (most === undefined)
    throw new RoostError("invalid_input", `--concurrency "${concurrency}" is not valid: write it like 2 or 2,KEY`);
  if (count === undefined)
    throw new RoostError("invalid_input", `--rate "${rate}" is not valid: write it like 5/1h or 5/1h,KEY`);
  if (overRate !== undefined && rate === undefined)
    throw new RoostError("invalid_input", "--over-rate goes with --rate");
  return {
    concurrency: concurrency === undefined ? undefined : { max: Number(most), key: slotKey },
    rateLimit:
      rate === undefined
        ? undefined
        : {
            max: Number(count),
            per,
            key: rateKey,
            excess: overRate,
          },
  };
}

function postconditionOf(text: string): Postcondition {
  const [, kind, name = ""] = /^(event|state|file|tool)=(.+)$/.exec(text) ?? [];
  switch (kind) {
    case "event":
      return { kind, eventType: name };
    case "state": {
      const [state = "", key] = name.split(":");
      return { kind, name: state, key };
    }
    case "file":
      return { kind, path: name };
    case "tool":
      return { kind, name };
    default:
      throw new RoostError(
        "invalid_input",
        `--must "${text}" is not valid: write event=TYPE, state=NAME, state=NAME:KEY, file=PATH or tool=NAME`,
      );
  }
}
