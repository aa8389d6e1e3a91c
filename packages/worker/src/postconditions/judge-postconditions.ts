import type { Postcondition } from "@roost/contract/operations";
import { postconditionUnmet, type Judge } from "@roost/kernel";
import { unmetPostconditions } from "./unmet-postconditions.ts";

/** Checks the run's postconditions against the records. A rehearsal has none to meet. */
export const judgePostconditions: Judge = async (sql, run) => {
  if (run.isRehearsed) return undefined;
  const unmet = await unmetPostconditions(sql, run);
  if (unmet.length === 0) return undefined;
  const missing = unmet.map(describePostcondition);
  const message = `the run ended without its postconditions: ${missing.join("; ")}`;
  return { code: postconditionUnmet, message, isRetryable: true, details: { missing } };
};

/** In words, for the reason of a failure. */
function describePostcondition(postcondition: Postcondition): string {
  switch (postcondition.kind) {
    case "event": {
      const filter = Object.entries(postcondition.filter ?? {}).map(([path, value]) => `${path} = ${String(value)}`);
      return `no event ${postcondition.eventType}${filter.length === 0 ? "" : ` with ${filter.join(", ")}`} was emitted`;
    }
    case "state":
      return postcondition.key === undefined
        ? `the state ${postcondition.name} was not changed`
        : `${postcondition.key} of the state ${postcondition.name} was not changed`;
    case "file":
      return `the file ${postcondition.path} was not written`;
    case "tool":
      return `the tool ${postcondition.name} was not used successfully`;
  }
}
