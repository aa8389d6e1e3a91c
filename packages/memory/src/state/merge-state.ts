/** Patches a state, and merges two changes of a state. Pure. */
import type { JsonObject, JsonValue } from "@roost/base";
import { isSameState } from "./parse-state.ts";

/** JSON Merge Patch, RFC 7396: null removes a field, others are merged or replaced. */
export function applyMergePatch(target: JsonValue | undefined, patch: JsonValue): JsonValue {
  if (!isFields(patch)) return patch;
  const fields = new Map(Object.entries(isFields(target) ? target : {}));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) fields.delete(name);
    else fields.set(name, applyMergePatch(fields.get(name), value));
  }
  return Object.fromEntries(fields);
}

export type MergedState =
  | { state: "merged"; value: JsonValue }
  /** Paths that both sides changed differently: `unread`, `lastChecks.email`. */
  | { state: "conflict"; paths: string[] };

/** Applies both changes of `base`. `undefined` means a field, or the file, does not exist. */
export function mergeStates(
  base: JsonValue | undefined,
  ours: JsonValue | undefined,
  theirs: JsonValue | undefined,
): MergedState {
  const conflicts: string[] = [];
  const value = merge([], { base, ours, theirs }, conflicts);
  return conflicts.length > 0 ? { state: "conflict", paths: conflicts } : { state: "merged", value: value ?? null };
}

interface Sides {
  base: JsonValue | undefined;
  ours: JsonValue | undefined;
  theirs: JsonValue | undefined;
}

function merge(path: string[], { base, ours, theirs }: Sides, conflicts: string[]): JsonValue | undefined {
  if (isSame(ours, theirs) || isSame(base, theirs)) return ours;
  if (isSame(base, ours)) return theirs;
  if (!isFields(ours) || !isFields(theirs)) {
    conflicts.push(path.join(".") || "the whole value");
    return ours;
  }
  const from = isFields(base) ? base : {};
  const names = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
  const fields: [string, JsonValue][] = [];
  for (const name of names) {
    const value = merge(
      [...path, name],
      { base: field(from, name), ours: field(ours, name), theirs: field(theirs, name) },
      conflicts,
    );
    if (value !== undefined) fields.push([name, value]);
  }
  return Object.fromEntries(fields);
}

function field(fields: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

function isSame(left: JsonValue | undefined, right: JsonValue | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  return isSameState(left, right);
}

function isFields(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
