/**
 * Which calls of a run that has read what nobody vouches for are held until a person approves them: those that write what other sessions
 * will follow. Everything else of such a run is marked, and goes on.
 */
import type { PermitCall } from "@roost/agent";
import { classifyPath, type HomeFileClass } from "@roost/memory";

/** The rule with its version: one that holds more than this one needs a new loop version. */
const policy = "held-writes/1";

const held = new Map<HomeFileClass, string>([
  ["memory", "what the agent remembers"],
  ["agents", "how agents work"],
  ["soul", "who the agent is"],
  ["identity", "who the agent is"],
  ["heartbeat", "what heartbeats look after"],
  ["skill", "a skill"],
  ["job", "a job"],
]);

export const permitHeldWrites: PermitCall = ({ tool, input }, { isUntrusted }) => {
  if (!isUntrusted) return { state: "granted" };
  const what = heldBy(tool.name, input);
  if (what === undefined) return { state: "granted" };
  const reason = `the run has read content that nobody vouches for and would now change ${what}`;
  return { state: "ask", reason, policy };
};

function heldBy(tool: string, input: unknown): string | undefined {
  if (tool === "define_job") return "a job";
  if (tool !== "write_file") return undefined;
  const path = (input as { path?: unknown } | null)?.path;
  return typeof path === "string" ? held.get(classifyPath(canonicalPath(path)).class) : undefined;
}

/** As it will be written, whatever dots, slashes and letters it is spelled with: where case does not count, soul.md is SOUL.md. */
function canonicalPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.replaceAll("\\", "/").split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  const [name = "", ...more] = parts;
  if (more.length > 0) return parts.join("/").toLowerCase();
  return name.replace(
    /^(.*?)(\.md)?$/i,
    (_all, stem: string, end?: string) => stem.toUpperCase() + (end ?? "").toLowerCase(),
  );
}
