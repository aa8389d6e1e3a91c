/** A job's definition as a form has it: the fields that most jobs set, and all others as JSON, so that none is lost. Pure. */
import { parseDurationMs, RoostError, writeDurationMs } from "@roost/base/browser";
import type { JobDefinition } from "@roost/contract/operations";

type Trigger = JobDefinition["trigger"];

export interface JobDraft {
  title: string;
  prompt: string;
  agent: string;
  session: string;
  kind: Trigger["kind"];
  expression: string;
  every: string;
  /** ISO 8601, as the definition has it. */
  at: string;
  eventType: string;
  overlap: string;
  timeout: string;
  usdMax: string;
  tokensMax: string;
  /** Everything else, as JSON. */
  rest: string;
}

const shown = ["title", "prompt", "agent", "session", "trigger", "overlap", "timeoutMs"] as const;

export function toDraft(definition: JobDefinition): JobDraft {
  const { trigger, budget } = definition;
  const rest = Object.fromEntries(Object.entries(definition).filter(([name]) => !shown.some((each) => each === name)));
  return {
    title: definition.title ?? "",
    prompt: definition.prompt,
    agent: definition.agent,
    session: definition.session,
    kind: trigger.kind,
    expression: trigger.kind === "cron" ? trigger.expression : "0 7 * * *",
    every: trigger.kind === "every" ? writeEvery(trigger.every) : "30m",
    at: trigger.kind === "at" ? trigger.at : "",
    eventType: trigger.kind === "event" ? trigger.eventType : "",
    overlap: definition.overlap,
    timeout: writeDurationMs(definition.timeoutMs),
    usdMax: budget?.usdMax === undefined ? "" : String(budget.usdMax),
    tokensMax: budget?.tokensMax === undefined ? "" : String(budget.tokensMax),
    rest: JSON.stringify(rest, null, 2),
  };
}

function writeEvery(every: string | number): string {
  return typeof every === "number" ? writeDurationMs(every) : every;
}

/** @throws RoostError `invalid_input` that names the field that cannot be so; what the gateway refuses it says itself */
export function toDefinition(draft: JobDraft, before: JobDefinition): JobDefinition {
  const rest = readRest(draft.rest);
  const { budget: _budget, ...others } = rest;
  const caps = {
    ...(rest["budget"] as JobDefinition["budget"]),
    usdMax: readNumber("Dollars a run", draft.usdMax),
    tokensMax: readNumber("Tokens a run", draft.tokensMax),
  };
  const budget = withoutUndefined(caps);
  const { title, prompt, agent, session, overlap } = draft;
  return {
    ...others,
    ...(title.trim() === "" ? {} : { title: title.trim() }),
    prompt,
    agent,
    session,
    overlap,
    timeoutMs: readDuration("Time limit", draft.timeout),
    trigger: toTrigger(draft, before.trigger),
    ...(Object.keys(budget).length === 0 ? {} : { budget }),
  } as JobDefinition;
}

/** Of the kind as before it keeps what no field shows: a zone, an anchor, a filter. */
export function toTrigger(
  draft: Pick<JobDraft, "kind" | "expression" | "every" | "at" | "eventType">,
  before: Trigger,
): Trigger {
  const { kind, expression, every, at, eventType } = draft;
  const kept = before.kind === kind ? before : {};
  const told = { cron: { expression }, every: { every }, at: { at }, event: { eventType }, manual: {} }[kind];
  return { ...kept, kind, ...told } as Trigger;
}

function readRest(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text.trim() === "" ? "{}" : text);
  } catch (error) {
    throw new RoostError("invalid_input", `Everything else: ${(error as Error).message}`, { cause: error });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new RoostError("invalid_input", "Everything else: write it as an object, {…}");
  const twice = shown.find((name) => name in value);
  if (twice !== undefined)
    throw new RoostError("invalid_input", `Everything else: ${twice} has a field of its own above`);
  return value as Record<string, unknown>;
}

function readNumber(name: string, text: string): number | undefined {
  if (text.trim() === "") return undefined;
  const value = Number(text);
  if (Number.isFinite(value) && value >= 0) return value;
  throw new RoostError("invalid_input", `${name}: a number, or nothing for no cap`);
}

function readDuration(name: string, text: string): number {
  try {
    return parseDurationMs(text);
  } catch (error) {
    throw new RoostError("invalid_input", `${name}: ${(error as Error).message}`, { cause: error });
  }
}

function withoutUndefined(caps: object): object {
  return Object.fromEntries(Object.entries(caps).filter(([, value]) => value !== undefined));
}
