/**
 * Whether a new version of a JSON Schema may follow older ones. The proof is
 * jsoncompat's (WASM, no network): what a writer may write must be accepted
 * by the reader. Closed objects are assumed: of open ones it says too much is
 * compatible. Where two schemas disagree is found in locate-incompatibility.ts.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { RoostError } from "@roost/base";
import { check_compat, initSync } from "jsoncompat";
import type { CompatibilityMode } from "./define-event.ts";
import { locateIncompatibility } from "./locate-incompatibility.ts";
import type { JsonSchema } from "./to-json-schema.ts";

export type CompatibilityResult = { compatible: true } | { compatible: false; path: string; reason: string };

/**
 * Checks `newer` against `older`, which is ordered from oldest to newest. Only the `…_transitive` modes look further back than the last.
 * @throws invalid_input when a schema is wrong
 */
export function checkCompatibility(
  older: readonly JsonSchema[],
  newer: JsonSchema,
  mode: CompatibilityMode,
): CompatibilityResult {
  if (mode === "none" || older.length === 0) return { compatible: true };
  const accepts = loadChecker();
  const isTransitive = mode.endsWith("_transitive");
  const direction = mode.replace("_transitive", "") as "backward" | "forward" | "full";
  const compared = isTransitive ? older : older.slice(-1);
  for (const [index, previous] of compared.entries()) {
    const which = isTransitive && older.length > 1 ? ` (seen against version ${index + 1} of ${older.length})` : "";
    if (isDeepStrictEqual(previous, newer)) continue;
    if (direction !== "forward" && !accepts(previous, newer)) {
      const { path, reason } = locateIncompatibility(previous, newer, accepts);
      return { compatible: false, path, reason: `what was already written would be refused: ${reason}${which}` };
    }
    if (direction !== "backward" && !accepts(newer, previous)) {
      const { path, reason } = locateIncompatibility(newer, previous, accepts);
      return { compatible: false, path, reason: `readers of the older schema would refuse it: ${reason}${which}` };
    }
  }
  return { compatible: true };
}

// tidy: the one state of this package: the WASM module is loaded at the first use, because loading it takes 15 ms and many processes never ask.
let isLoaded = false;

function loadChecker(): (writer: JsonSchema, reader: JsonSchema) => boolean {
  if (!isLoaded) {
    // Its own loader would fetch the file by URL, which Node does not do for files.
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
