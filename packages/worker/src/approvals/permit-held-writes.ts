/**
 * Which calls of a run that has read untrusted content are held for approval: writes to files that other sessions follow. Other writes of such a
 * run are marked and not held.
 */
import type { PermitCall } from "@roost/agent";
import { holdsPerson } from "@roost/agent/journal";
import { heldFile } from "@roost/memory";

export const permitHeldWrites: PermitCall = ({ tool, input }, { isUntrusted, loopVersion }) => {
  if (!isUntrusted) return { state: "granted" };
  const isOlder = !holdsPerson(loopVersion);
  const what = heldBy(tool.name, input, isOlder);
  if (what === undefined) return { state: "granted" };
  // Part of the journal: another wording needs a new loop version, and so does a rule that holds more calls.
  const reason = `the run has read content that nobody vouches for and would now change ${what}`;
  return { state: "ask", reason, policy: isOlder ? "held-writes/1" : "held-writes/2" };
};

const heldSinceTwo = new Set(["user", "tools"]);

function heldBy(tool: string, input: unknown, isOlder: boolean): string | undefined {
  if (tool === "define_job") return "a job";
  if (tool !== "write_file") return undefined;
  const path = (input as { path?: unknown } | null)?.path;
  const held = typeof path === "string" ? heldFile(path) : undefined;
  return held === undefined || (isOlder && heldSinceTwo.has(held.class)) ? undefined : held.what;
}
