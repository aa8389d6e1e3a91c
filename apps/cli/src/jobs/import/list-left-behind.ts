/** Lists what an OpenClaw home holds beside its jobs and an import does not bring, so that the person knows. Read only. */
import { isAbsolute, join } from "node:path";
import { entriesOf } from "../../import/found/entries-of.ts";
import { agentsOf, readConfig } from "../../import/openclaw/read-config.ts";

const namesShown = 5;

/** One line per kind of thing; empty when it is not the directory of a home. */
export async function listLeftBehind(home: string): Promise<string[]> {
  const lines: string[] = [];
  const read = await readConfig(home);
  if (typeof read === "string") lines.push(`openclaw.json: ${read}`);
  const config = typeof read === "string" ? {} : read;
  const agents = agentsOf(config);
  const own = agents.filter(({ workspace }) => workspace !== undefined);
  if (own.length > 0)
    lines.push(`agents with their own workspace: ${shown(own.map((each) => `${each.id} (${each.workspace})`))}`);
  for (const { id, heartbeat } of [{ id: "all agents", heartbeat: config.agents?.defaults?.heartbeat }, ...agents])
    if (heartbeat !== undefined)
      lines.push(`heartbeat of ${id}: ${JSON.stringify(heartbeat)}; copy what you need to heartbeat: in roost.yaml`);
  const workspace = config.agents?.defaults?.workspace ?? "workspace";
  lines.push(...(await ofWorkspace(isAbsolute(workspace) ? workspace : join(home, workspace))));
  const skills = await entriesOf(join(home, "skills"));
  if (skills.length > 0) lines.push(`skills outside the workspace: ${shown(skills)}`);
  const transcripts = await countTranscripts(join(home, "agents"));
  if (transcripts > 0) lines.push(`${transcripts} transcript${transcripts === 1 ? "" : "s"} of sessions`);
  return lines;
}

async function ofWorkspace(path: string): Promise<string[]> {
  const lines: string[] = [];
  if ((await entriesOf(path)).includes("BOOTSTRAP.md"))
    lines.push("BOOTSTRAP.md of the workspace, which Roost does not read");
  const notes = (await entriesOf(join(path, "memory"))).filter((name) => /^\d{4}-\d\d-\d\d-.+\.md$/.test(name));
  if (notes.length > 0)
    lines.push(`notes in memory/ with a name beside the date, which are searchable but not loaded: ${shown(notes)}`);
  return lines;
}

async function countTranscripts(agents: string): Promise<number> {
  const counts = (await entriesOf(agents)).map(
    async (id) => (await entriesOf(join(agents, id, "sessions"))).filter((name) => name.endsWith(".jsonl")).length,
  );
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

function shown(names: readonly string[]): string {
  const more = names.length - namesShown;
  return `${names.slice(0, namesShown).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
