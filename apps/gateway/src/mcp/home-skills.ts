/** The skills of the home by the skills extension of the protocol (SEP-2640): for clients that load skills themselves. */
import type { McpServer } from "@modelcontextprotocol/server";
import { skillEntry, SkillsExtension, type Skill } from "@modelcontextprotocol/server/ext/skills";
import { listSkills, readSkillFile, type Memory } from "@roost/memory";
import type { McpClient } from "./mcp-client.ts";

const scheme = "skill://";
const skillsMax = 100;
const filesMax = 100;

export function offerHomeSkills(mcp: McpServer, { memory, client }: { memory: Memory; client: McpClient }): void {
  const as = client.viewer;
  const entries = async (): Promise<Skill[]> => {
    const made: Skill[] = [];
    for (const { name, files } of (await listSkills(memory, { as })).slice(0, skillsMax)) {
      const texts = await readTexts(memory, { skill: name, files, as });
      // One that breaks the rules of the extension is left out; the home itself is more lenient.
      const entry = await skillEntry(name, texts).catch(() => undefined);
      if (entry !== undefined) made.push(entry);
    }
    return made;
  };
  new SkillsExtension({
    baseUri: scheme,
    source: {
      list: async () => ({ skills: await entries() }),
      get: async (uri) => (await entries()).find((skill) => uri === `${scheme}${nameOf(skill)}/SKILL.md`),
      async read(uri) {
        const [skill, ...rest] = decodeURIComponent(uri.slice(scheme.length)).split("/");
        const file = rest.join("/");
        const known = (await listSkills(memory, { as })).find(({ name }) => name === skill);
        if (known === undefined || !known.files.includes(file)) return undefined;
        const { text } = await readSkillFile(memory, { skill: known.name, file, as });
        return { text };
      },
    },
    onWarning: () => undefined,
  }).attach(mcp);
}

function nameOf({ frontmatter }: Skill): string {
  return frontmatter["name"];
}

/** Texts alone: pictures and programs of a skill are not handed out. */
async function readTexts(
  memory: Memory,
  { skill, files, as }: { skill: string; files: readonly string[]; as: McpClient["viewer"] },
): Promise<Record<string, string>> {
  const texts: Record<string, string> = {};
  for (const file of files.slice(0, filesMax)) {
    const read = await readSkillFile(memory, { skill, file, as }).catch(() => undefined);
    if (read !== undefined) texts[file] = read.text;
  }
  return texts;
}
