/**
 * Checks whether a new version of a JSON Schema is compatible with older ones: a reader must accept whatever a writer may write.
 * locate-incompatibilities.ts goes to the parts that differ, which jsoncompat (WASM, no network) judges.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { RoostError } from "@roost/base";
import { check_compat, initSync } from "jsoncompat";
import type { CompatibilityMode } from "./define-event.ts";
import { locateIncompatibilities, type Incompatibility } from "./locate-incompatibilities.ts";
import type { JsonSchema } from "./to-json-schema.ts";

export type CompatibilityResult = { compatible: true } | ({ compatible: false } & Incompatibility);

/**
 * Checks `newer` against `older`, ordered from oldest to newest. Only the `…_transitive` modes check more than the last.
 * @throws invalid_input when a schema is invalid
 */
export function checkCompatibility(
  older: readonly JsonSchema[],
  newer: JsonSchema,
  mode: CompatibilityMode,
): CompatibilityResult {
  if (mode === "none" || older.length === 0) return { compatible: true };
  const isTransitive = mode.endsWith("_transitive");
  const direction = mode.replace("_transitive", "") as "backward" | "forward" | "full";
  const compared = isTransitive ? older : older.slice(-1);
  for (const [index, previous] of compared.entries()) {
    const which = isTransitive && older.length > 1 ? ` (compared with version ${index + 1} of ${older.length})` : "";
    const [refused] = direction === "forward" ? [] : listIncompatibilities(previous, newer);
    if (refused !== undefined)
      return { compatible: false, ...refused, reason: `existing data would be refused: ${refused.reason}${which}` };
    const [unread] = direction === "backward" ? [] : listIncompatibilities(newer, previous);
    if (unread !== undefined) {
      const reason = `readers of the older schema would refuse it: ${unread.reason}${which}`;
      return { compatible: false, ...unread, reason };
    }
  }
  return { compatible: true };
}

/** Where a reader refuses what a writer may write; empty: it accepts all of it. @throws invalid_input when a schema is invalid */
export function listIncompatibilities(writer: JsonSchema, reader: JsonSchema): Incompatibility[] {
  return isDeepStrictEqual(writer, reader) ? [] : locateIncompatibilities(writer, reader, loadChecker());
}

// tidy: the only state of this package: the WASM module takes 15 ms to load and many processes never need it.
let isLoaded = false;

function loadChecker(): (writer: JsonSchema, reader: JsonSchema) => boolean {
  if (!isLoaded) {
    // The module's own loader would fetch the file by URL, which Node does not do for files.
    const wasmUrl = new URL("jsoncompat_wasm_bg.wasm", import.meta.resolve("jsoncompat"));
    initSync({ module: readFileSync(fileURLToPath(wasmUrl)) });
    isLoaded = true;
  }
  return (writer, reader) => {
    try {
      return check_compat(JSON.stringify(writer), JSON.stringify(reader), "deserializer");
    } catch (cause) {
      throw new RoostError("invalid_input", `the schemas cannot be compared: ${String(cause)}`, { cause });
    }
  };
}
