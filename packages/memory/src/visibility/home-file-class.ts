/** What a file of a home is, by its path alone. The path is exact: another spelling is another file, which only main sees. */
import { isDailyNotePath } from "./daily-note-path.ts";

export type HomeFileClass =
  | "agents"
  | "soul"
  | "identity"
  | "user"
  | "tools"
  | "memory"
  | "heartbeat"
  | "note"
  | "state"
  | "skill"
  | "job"
  | "work"
  | "settings"
  | "service"
  | "serviceSkill"
  | "other";

export interface ClassifiedPath {
  class: HomeFileClass;
  /** For class `state`: `email` for memory/email-state.json. */
  stateName?: string;
  /** For class `serviceSkill`: the service that brings it. */
  service?: string;
  /** For class `work`: the job that owns the folder. */
  jobId?: string | undefined;
}

const byName = new Map<string, HomeFileClass>([
  ["AGENTS.md", "agents"],
  ["SOUL.md", "soul"],
  ["IDENTITY.md", "identity"],
  ["USER.md", "user"],
  ["TOOLS.md", "tools"],
  ["MEMORY.md", "memory"],
  ["HEARTBEAT.md", "heartbeat"],
]);
/** Folders that rooms read by name: a file called so would stand in the way of all that belongs into it. */
export const homeFolders: readonly string[] = ["memory", "jobs", "skills", "work", "agents", "services", "hooks"];
const statePath = /^memory\/([A-Za-z0-9][A-Za-z0-9._-]{0,62})-state\.json$/;
const serviceSkillPath = /^services\/([a-z][a-z0-9-]{0,30})\/skills\/[^/]+\/./;
const workPath = /^work\/([a-z0-9][a-z0-9._-]{0,62})\/./;

/** `path` comes from resolveHomePath. */
export function classifyPath(path: string): ClassifiedPath {
  const known = byName.get(path);
  if (known !== undefined) return { class: known };
  const stateName = stateNameOf(path);
  if (stateName !== undefined) return { class: "state", stateName };
  if (isDailyNotePath(path)) return { class: "note" };
  const jobId = workPath.exec(path)?.[1];
  if (jobId !== undefined) return { class: "work", jobId };
  if (path.startsWith("skills/")) return { class: "skill" };
  // In any spelling: where case does not count, it is the same file.
  if (/^(?:agents|hooks)\/|^roost\.yaml$/i.test(path)) return { class: "settings" };
  const service = serviceSkillPath.exec(path)?.[1];
  if (service !== undefined) return { class: "serviceSkill", service };
  if (/^services\//i.test(path)) return { class: "service" };
  if (/^jobs\/[^/]+\.ya?ml$/.test(path)) return { class: "job" };
  return { class: "other" };
}

/** `email` for memory/email-state.json, undefined for any other path. */
export function stateNameOf(path: string): string | undefined {
  return statePath.exec(path)?.[1];
}

/** The path of a state's file; undefined for an invalid name. */
export function statePathOf(name: string): string | undefined {
  const path = `memory/${name}-state.json`;
  return stateNameOf(path) === name ? path : undefined;
}
