import { dayBefore } from "./calendar.ts";
import { dailyNotePath } from "./daily-note-path.ts";
import type { Viewer } from "./viewer.ts";
import { maySeeFile } from "./visibility.ts";

const standing = ["AGENTS.md", "SOUL.md", "IDENTITY.md", "USER.md", "TOOLS.md", "MEMORY.md"];

/** The files whose text a viewer is given unasked, in order: permanent ones, then the notes of yesterday and today. */
export function contextPaths(viewer: Viewer, today: string): string[] {
  const notes = [dailyNotePath(dayBefore(today)), dailyNotePath(today)];
  const paths = [...standing, ...(viewer.kind === "heartbeat" ? ["HEARTBEAT.md"] : []), ...notes];
  return paths.filter((path) => maySeeFile(viewer, path));
}
