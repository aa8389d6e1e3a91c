/** Lists what an OpenClaw home holds beside its jobs and an import does not bring, so that the person knows. Read only. */
import { readdir, readFile, stat } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";

const configBytesMax = 4 * 1024 ** 2;
const namesShown = 5;

const Heartbeat = z.looseObject({ every: z.unknown().optional() });
const AgentEntry = z.looseObject({
  id: z.string().optional(),
  workspace: z.string().optional(),
  heartbeat: Heartbeat.optional(),
});
const Config = z.looseObject({
  agents: z
    .looseObject({
      defaults: AgentEntry.optional(),
      list: z.array(AgentEntry).optional(),
      entries: z.record(z.string(), AgentEntry).optional(),
    })
    .optional(),
});

/** One line per kind of thing; empty when it is not the directory of a home. */
export async function listLeftBehind(home: string): Promise<string[]> {
  const names = await entriesOf(home);
  const lines: string[] = [];
  const config = names.includes("openclaw.json") ? await readConfig(join(home, "openclaw.json"), lines) : {};
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

function agentsOf(config: z.output<typeof Config>): (z.output<typeof AgentEntry> & { id: string })[] {
  const listed = (config.agents?.list ?? []).map((each, index) => ({ ...each, id: each.id ?? `agent ${index + 1}` }));
  const keyed = Object.entries(config.agents?.entries ?? {}).map(([id, each]) => ({ ...each, id }));
  return [...listed, ...keyed];
}

async function readConfig(path: string, lines: string[]): Promise<z.output<typeof Config>> {
  try {
    const { size } = await stat(path);
    // The file may hold comments and trailing commas: line comments are removed, YAML accepts the rest.
    const text = size > configBytesMax ? "" : (await readFile(path, "utf8")).replace(/^\s*\/\/.*$/gm, "");
    return Config.parse(parse(text) ?? {});
  } catch (error) {
    lines.push(`openclaw.json, which cannot be read (${(error as Error).message.split("\n")[0]})`);
    return {};
  }
}

async function countTranscripts(agents: string): Promise<number> {
  const counts = (await entriesOf(agents)).map(
    async (id) => (await entriesOf(join(agents, id, "sessions"))).filter((name) => name.endsWith(".jsonl")).length,
  );
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

/** Empty when it does not exist or is not a directory. */
async function entriesOf(path: string): Promise<string[]> {
  return (await readdir(path).catch(() => [])).toSorted();
}

function shown(names: readonly string[]): string {
  const more = names.length - namesShown;
  return `${names.slice(0, namesShown).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
