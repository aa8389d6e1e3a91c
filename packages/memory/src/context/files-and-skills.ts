/** What stands in the home for a run: its standing files and notes, and the index of its skills. */
import type { AgentDefinition } from "@roost/contract/operations";
import type { Run } from "@roost/kernel";
import { walkHome, type WalkedFile } from "../disk/walk-home.ts";
import type { Correction } from "../facts/corrections.ts";
import type { Memory } from "../memory.ts";
import { readRecordedMarks } from "../records/marks-of-text.ts";
import { findSkills } from "../skills/find-skills.ts";
import { contextPaths } from "../visibility/context-paths.ts";
import { readSkillName } from "../visibility/read-skill-name.ts";
import { toolsOfRun } from "../visibility/tools-of-run.ts";
import type { Viewer } from "../visibility/viewer.ts";
import { maySeeFile } from "../visibility/visibility.ts";
import { fileSections, type FileSections } from "./file-sections.ts";
import { skillIndex } from "./skill-index.ts";

/** Only what its agent's tools make use of. `walked`: the files of the home, where they were just looked at. */
export async function filesAndSkills(
  memory: Memory,
  viewer: Viewer,
  {
    walked,
    run,
    agent,
    corrections,
  }: {
    walked: readonly WalkedFile[] | undefined;
    run: Run;
    agent: AgentDefinition;
    corrections: readonly Correction[];
  },
): Promise<{ files: FileSections; skills: string }> {
  const { database, clock } = memory.kernel;
  const { services = [], mcp = [] } = agent;
  const tools = toolsOfRun(run, agent);
  const hasTools = tools.size + services.length + mcp.length > 0;
  const only = tools.has("use_skill") ? agent.skills : [];
  const seesSkills =
    (only?.length ?? 1) > 0 && maySeeFile(viewer, `skills/${readSkillName(only?.[0] ?? "any").name}/SKILL.md`);
  const found = seesSkills ? await findSkills(viewer, walked ?? (await walkHome(memory.homeDir)).files, only) : [];
  const standing = contextPaths(viewer, memory.calendar.dayAt(clock.nowMs()));
  const paths = hasTools ? standing : standing.filter((path) => path !== "TOOLS.md");
  const recorded = await readRecordedMarks(database, [...paths, ...found.map(({ main }) => main.path)]);
  const [files, skills] = await Promise.all([
    fileSections(memory, viewer, { paths, recorded, corrections }),
    skillIndex(memory, viewer, { found, recorded }),
  ]);
  return { files, skills };
}
