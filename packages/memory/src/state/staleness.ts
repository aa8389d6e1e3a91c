/** Which states are stale. Pure: states, limits and the time in, lines out. */
import { formatDurationMs, type JsonValue } from "@roost/base";
import { isUntrusted, type Labels } from "@roost/contract/labels";
import type { StateInput } from "../visibility/viewer-of.ts";

export interface AgedState {
  name: string;
  ageMs: number;
  value: JsonValue;
  /** Of the value. */
  labels: Labels;
}

export interface Staleness {
  /** `email`, or `heartbeat lastChecks.email`. */
  name: string;
  /** "email state is 9h 12m old". */
  line: string;
}

export interface StalenessQuery {
  states: readonly AgedState[];
  /** States that a job depends on, each with its own limit. */
  inputs: readonly StateInput[];
  /** The limit of all others. */
  staleAfterMs: number;
  /** Whether the others matter. */
  onlyInputs: boolean;
  nowMs: number;
}

export function findStale(query: StalenessQuery): Staleness[] {
  const { states, inputs, nowMs } = query;
  const found: Staleness[] = [];
  const byName = new Map(states.map((state) => [state.name, state]));
  const limits = new Map(inputs.map((input) => [input.name, input.staleAfterMs]));
  for (const input of inputs) {
    if (!byName.has(input.name))
      found.push({
        name: input.name,
        line: `${input.name} state does not exist: memory/${input.name}-state.json was never written`,
      });
  }
  for (const state of states) {
    const limitMs = limits.get(state.name) ?? (query.onlyInputs ? undefined : query.staleAfterMs);
    if (limitMs === undefined) continue;
    if (state.ageMs > limitMs)
      found.push({
        name: state.name,
        line: `${state.name} state is ${ageText(state.ageMs)} old (limit ${formatDurationMs(limitMs)})`,
      });
    found.push(...staleChecks(state, limitMs, nowMs));
  }
  return found;
}

/** Existing homes keep the times of their checks in a field: {"lastChecks": {"email": 1767225600}}. */
function staleChecks(state: AgedState, limitMs: number, nowMs: number): Staleness[] {
  // Names of fields are texts too.
  if (isUntrusted(state.labels)) return [];
  const { value } = state;
  const checks = typeof value === "object" && value !== null && !Array.isArray(value) ? value["lastChecks"] : undefined;
  if (typeof checks !== "object" || checks === null || Array.isArray(checks)) return [];
  return Object.entries(checks)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .flatMap(([what, written]) => {
      const name = `${state.name} lastChecks.${what}`;
      if (written === null) return [{ name, line: `${what} was never checked (${state.name} state)` }];
      const checkedMs = toMs(written);
      if (checkedMs === undefined || nowMs - checkedMs <= limitMs) return [];
      return [
        {
          name,
          line: `${what} was last checked ${ageText(nowMs - checkedMs)} ago (${state.name} state, limit ${formatDurationMs(limitMs)})`,
        },
      ];
    });
}

/** Seconds, milliseconds, or ISO 8601. */
function toMs(written: JsonValue): number | undefined {
  if (typeof written === "number") return written > 1e11 ? written : written > 1e8 ? written * 1000 : undefined;
  const ms = typeof written === "string" ? Date.parse(written) : NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

const minuteMs = 60_000;

/** Formats an age in whole minutes: a text that changes every second would defeat prompt caches. */
export function ageText(ms: number): string {
  return ms < minuteMs ? "less than 1m" : formatDurationMs(Math.floor(ms / minuteMs) * minuteMs);
}
