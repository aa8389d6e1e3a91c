import { isDeepStrictEqual } from "node:util";
import { isJsonObject, type JsonValue } from "@roost/base";

export interface Difference {
  /** Dotted path in the definition. */
  path: string;
  /** Absent: null. */
  before: JsonValue;
  after: JsonValue;
}

/** Where two definitions differ. Lists differ as a whole. */
export function compareDefinitions(before: JsonValue, after: JsonValue, path = ""): Difference[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (!isJsonObject(before) || !isJsonObject(after)) return [{ path, before, after }];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted();
  return names.flatMap((name) =>
    compareDefinitions(before[name] ?? null, after[name] ?? null, path === "" ? name : `${path}.${name}`),
  );
}
