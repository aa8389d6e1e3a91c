/** Guesses from a job's definition which resources its runs use, by wording, and marks them as guesses. Pure. */
import type { JobDefinition } from "@roost/jobs";
import type { Resource } from "./job-profile.ts";

const patterns: readonly { kind: Resource["kind"]; pattern: RegExp }[] = [
  // "roost lock backups", "take the lock deploy", "lock `publish:blog`"
  { kind: "lock", pattern: /\block(?:\s+(?:named|called))?\s+[`"']?([a-z0-9][\w:./-]{1,80})[`"']?/gi },
  { kind: "state", pattern: /\bmemory\/([\w.-]{1,63})-state\.json\b/gi },
  { kind: "state", pattern: /\bstate\s+[`"']?([a-z0-9]+(?:[-_][a-z0-9]+)+)[`"']?/gi },
  { kind: "subject", pattern: /\bscope\s+[`"']([^`"'\n]{1,80})[`"']/gi },
  { kind: "file", pattern: /\b(?:to|in|into)\s+[`"']?(work\/[\w./-]{1,120}\w)[`"']?/gi },
];

/** Words after "lock" or "state" that are not names. */
const notNames = new Set([
  "that",
  "the",
  "this",
  "first",
  "file",
  "it",
  "and",
  "before",
  "when",
  "until",
  "while",
  "named",
  "called",
  "files",
]);

export function resourcesInDefinition(jobId: string, definition: JobDefinition): Resource[] {
  const found: Resource[] = [];
  const add = (kind: Resource["kind"], name: string, evidence: string) => {
    if (!found.some((one) => one.kind === kind && one.name === name)) found.push({ kind, name, evidence });
  };
  for (const { kind, pattern } of patterns) {
    for (const [, name = ""] of definition.prompt.matchAll(pattern)) {
      if (!notNames.has(name.toLowerCase())) add(kind, name, "named in its prompt");
    }
  }
  // A cron keeps what its next run needs under its own name.
  if (definition.session === "cron") add("state", jobId, "its own state");
  return found;
}
