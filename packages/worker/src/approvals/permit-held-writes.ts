/**
 * Which calls of a run that has read untrusted content are held for approval: writes to files that other sessions follow. Other writes of such a
 * run are marked and not held.
 */
import type { PermitCall } from "@roost/agent";
import { heldFile } from "@roost/memory";

export const permitHeldWrites: PermitCall = ({ tool, input }, { isUntrusted }) => {
  if (!isUntrusted) return { state: "granted" };
  const what = heldBy(tool.name, input);
  if (what === undefined) return { state: "granted" };
  // Part of the journal: another wording needs a new loop version, and so does a rule that holds more calls.
  const reason = `the run has read content that nobody vouches for and would now change ${what}`;
  return { state: "ask", reason, policy: "held-writes/2" };
};

function heldBy(tool: string, input: unknown): string | undefined {
  if (tool === "define_job") return "a job";
  if (tool !== "write_file") return undefined;
  const path = (input as { path?: unknown } | null)?.path;
  return typeof path === "string" ? heldFile(path)?.what : undefined;
}
