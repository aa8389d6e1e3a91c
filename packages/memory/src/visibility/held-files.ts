/**
 * Files that other sessions follow. A run that has read untrusted content changes them with a person's approval alone. Pure: it goes
 * by the path, so a caller who follows links asks again with the path where the file really is.
 */
import { classifyPath, type HomeFileClass } from "./home-file-class.ts";

export type HeldClass = Exclude<HomeFileClass, "note" | "state" | "work" | "settings" | "service" | "other">;

const held: Readonly<Record<HeldClass, string>> = {
  memory: "what the agent remembers",
  agents: "how agents work",
  soul: "who the agent is",
  identity: "who the agent is",
  user: "who the person is",
  tools: "the notes on tools",
  heartbeat: "what heartbeats look after",
  skill: "a skill",
  serviceSkill: "a skill of a service",
  job: "a job",
};

export interface HeldFile {
  class: HeldClass;
  /** "what the agent remembers" */
  what: string;
}

/** Undefined for a file that no session follows. */
export function heldFile(path: string): HeldFile | undefined {
  const { class: found } = classifyPath(canonicalPath(path));
  return found in held ? { class: found as HeldClass, what: held[found as HeldClass] } : undefined;
}

/** Notes, states and work folders, however the path is spelled. */
export function isOwnPath(path: string): boolean {
  const { class: found } = classifyPath(canonicalPath(path));
  return found === "note" || found === "state" || found === "work";
}

/**
 * As it will be written, whatever dots, slashes and letters it is spelled with: where case and composition do not count, soul.md is SOUL.md.
 */
function canonicalPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.normalize("NFKC").replaceAll("\\", "/").split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  // Through upper case: some letters have a lower case of their own and an upper case in common.
  const folded = parts.join("/").toUpperCase().toLowerCase();
  return parts.length > 1 ? folded : folded.replace(/^.*(?=\.md$)|^.*$/, (stem) => stem.toUpperCase());
}
