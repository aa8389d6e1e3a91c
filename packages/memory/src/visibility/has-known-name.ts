import { classifyPath } from "./home-file-class.ts";
import type { Viewer } from "./viewer.ts";

/**
 * Whether the name of a marked file says nothing that a page could have put into it: Roost or the person gave it, or the job whose state it
 * is. A run that has read content from outside can give any other name. `by`: who wrote the state last.
 */
export function hasKnownName(viewer: Viewer, path: string, by?: string): boolean {
  const { class: kind, stateName } = classifyPath(path);
  if (stateName === undefined) return kind !== "work" && kind !== "skill" && kind !== "other";
  const isNamed = stateName === viewer.jobId || viewer.stateNames?.includes(stateName) === true;
  return isNamed || by === `job:${stateName}`;
}
