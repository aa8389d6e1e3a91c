import { RoostError, type JsonObject } from "@roost/base";

/** Fields by which a call is allowed, estimated and passed on. */
const decisive = new Set([
  "model",
  "models",
  "fallbacks",
  "stream",
  "stream_options",
  "n",
  "best_of",
  "prompt",
  "max_tokens",
  "max_completion_tokens",
  "max_output_tokens",
]);

/**
 * Go's encoding/json, and with it Ollama and others, takes `Model` for `model`, and the last of the two: Roost would have allowed another call than the
 * server carries out. @throws RoostError `invalid_input`
 */
export function refuseSpellings(body: JsonObject): void {
  for (const name of Object.keys(body)) {
    if (decisive.has(name) || name.length > 30) continue;
    // Both ways: the long s and the sign for kelvin have only one case.
    const folded = name.toUpperCase().toLowerCase();
    if (!decisive.has(folded)) continue;
    throw new RoostError("invalid_input", `the body has the field "${name}", which servers may take for "${folded}"`, {
      details: { param: name },
    });
  }
}
