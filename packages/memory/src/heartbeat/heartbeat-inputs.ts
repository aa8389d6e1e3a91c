/**
 * What a heartbeat checks, each part as a short hash: files, states without their check times, stale states, the end of the conversation. Two beats
 * with equal hashes need no second model call.
 */
import type { JsonValue } from "@roost/base";
import type { AgentDefinition } from "@roost/contract/operations";
import type { Run } from "@roost/kernel";
import { hashOf } from "../disk/read-disk-file.ts";
import type { Memory } from "../memory.ts";
import { readRecords } from "../records/file-records.ts";
import { outsideMarks } from "../outside/outside-news.ts";
import { readSession } from "../sessions/session.ts";
import { listStates, type State } from "../state/get-state.ts";
import { renderState } from "../state/parse-state.ts";
import { findStale } from "../state/staleness.ts";
import { contextPaths } from "../visibility/context-paths.ts";
import { classifyPath } from "../visibility/home-file-class.ts";
import { stateInputsOf, viewerOf } from "../visibility/viewer-of.ts";

/** `file:HEARTBEAT.md`, `state:email`, `stale:email`, `said:main` → a hash; of mailboxes and calendars as outside-news.ts has it. */
export type HeartbeatInputs = Record<string, string>;

/** From the records of the last scan: the caller has scanned. */
export async function readInputs(
  memory: Memory,
  run: Pick<Run, "sessionKind" | "jobId" | "input">,
  agent: AgentDefinition,
): Promise<HeartbeatInputs> {
  const { database, clock } = memory.kernel;
  const viewer = viewerOf({ ...run, sessionKind: "heartbeat" }, agent);
  const nowMs = clock.nowMs();
  const [records, states, main, outside] = await Promise.all([
    readRecords(database),
    listStates(memory, { as: viewer }),
    readSession(database, "main"),
    outsideMarks(memory, viewer),
  ]);
  const shown = new Set(contextPaths(viewer, memory.calendar.dayAt(nowMs)));
  const inputs: HeartbeatInputs = { ...outside };
  for (const { path, sha256 } of records.values()) {
    if (shown.has(path) || classifyPath(path).class === "skill") inputs[`file:${path}`] = markOfFile(sha256);
  }
  for (const state of states) inputs[`state:${state.name}`] = markOfState(state.value);
  for (const stale of staleOf(memory, run, states)) inputs[`stale:${stale.name}`] = "stale";
  if (main !== undefined) inputs["said:main"] = String(main.nextSeq);
  return inputs;
}

export function staleOf(
  memory: Memory,
  run: Pick<Run, "input">,
  states: readonly State[],
): { name: string; line: string }[] {
  return findStale({
    states,
    inputs: stateInputsOf(run.input),
    staleAfterMs: memory.settings.heartbeat.staleAfter,
    onlyInputs: false,
    nowMs: memory.kernel.clock.nowMs(),
  });
}

export function markOfFile(sha256: string | null): string {
  return sha256?.slice(0, 16) ?? "large";
}

export function markOfState(value: JsonValue): string {
  return hashOf(renderState(withoutLookTimes(value))).slice(0, 16);
}

/** How the second differs from the first, a line each; empty when there is nothing new. Pure. */
export function compareInputs(before: HeartbeatInputs, after: HeartbeatInputs): string[] {
  const because: string[] = [];
  const events = new Map<string, number>();
  for (const [name, mark] of Object.entries(after)) {
    if (before[name] === mark) continue;
    const [, calendar] = /^event:(.*)\/\d+$/.exec(name) ?? [];
    if (calendar !== undefined) {
      const what = `of ${calendar} ${before[name] === undefined ? "begins soon" : "has changed"}`;
      events.set(what, (events.get(what) ?? 0) + 1);
      continue;
    }
    because.push(
      describe(name, before[name] === undefined ? "is new" : "changed", Number(mark) - Number(before[name] ?? 0)),
    );
  }
  for (const name of Object.keys(before)) {
    // A note leaves the window at midnight, an event begins, and a state that is fresh again needs no thought.
    if (after[name] !== undefined || passing.test(name)) continue;
    because.push(describe(name, "is gone", 0));
  }
  for (const [what, count] of events)
    because.push(
      count === 1
        ? `an event ${what}`
        : `${count} events ${what.replace(" begins", " begin").replace(" has ", " have ")}`,
    );
  return because;
}

const passing = /^(?:stale:|file:memory\/|mail:|event:)/;
/** Of mailboxes and calendars: they count even where HEARTBEAT.md says nothing. */
export const fromOutside = /^(?:mail|event):/;

function describe(name: string, what: string, count: number): string {
  const separator = name.indexOf(":");
  const kind = name.slice(0, separator);
  const rest = name.slice(separator + 1);
  if (kind === "mail") return count === 1 ? `a mail came in ${rest}` : `${count} mails came in ${rest}`;
  if (kind === "stale") return `${rest} has become stale`;
  if (kind === "state") return `${rest} state ${what}`;
  if (kind === "said") return "something was said in the main conversation";
  return `${rest} ${what}`;
}

/** Fields that only record a check: otherwise a check every few minutes would wake the heartbeat each time. */
const lookTime =
  /^(?:last)?_?(?:checked|polled|synced|updated|seen|fetched|check|checks|poll|sync|update|fetch|run|ran)(?:_?(?:at|ms|time|on))?$/i;

function withoutLookTimes(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(withoutLookTimes);
  if (value === null || typeof value !== "object") return value;
  const kept = Object.entries(value).filter(([name, field]) => !(lookTime.test(name) && isMoment(field)));
  return Object.fromEntries(kept.map(([name, field]) => [name, withoutLookTimes(field)]));
}

function isMoment(value: JsonValue): boolean {
  if (value === null) return true;
  if (typeof value === "number") return value > 1e8;
  if (typeof value === "string") return /^\d{4}-\d{2}-\d{2}(?:[T ]|$)/.test(value);
  return typeof value === "object" && !Array.isArray(value) && Object.values(value).every(isMoment);
}
