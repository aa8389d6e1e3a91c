/** openclaw.json: which agents there are and where their workspaces lie. Its secrets are not read further. */
import { stat } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, isAbsolute, join } from "node:path";
import { describeIssue, formatPath } from "@roost/base";
import { parse } from "yaml";
import { z } from "zod";
import { isFolder, readWithin } from "../found/walk-source.ts";

const configBytesMax = 4 * 1024 ** 2;

const AgentEntry = z.looseObject({
  id: z.string().optional(),
  name: z.string().optional(),
  default: z.boolean().optional(),
  workspace: z.string().optional(),
  heartbeat: z.looseObject({}).optional(),
  model: z.unknown().optional(),
});
export type AgentEntry = z.output<typeof AgentEntry> & { id: string };

const Config = z.looseObject({
  agents: z
    .looseObject({
      defaults: AgentEntry.optional(),
      list: z.array(AgentEntry).optional(),
      entries: z.record(z.string(), AgentEntry).optional(),
    })
    .optional(),
  models: z.looseObject({}).optional(),
});
export type OpenClawConfig = z.output<typeof Config>;

/** The config, or why it cannot be read; empty when there is none. */
export async function readConfig(home: string): Promise<OpenClawConfig | string> {
  const path = join(home, "openclaw.json");
  if ((await stat(path).catch(() => undefined)) === undefined) return {};
  const bytes = await readWithin(path, configBytesMax);
  if (typeof bytes === "string") return bytes;
  let written: unknown;
  try {
    // The file may hold comments and trailing commas: line comments are removed, YAML accepts the rest.
    written = parse(bytes.toString().replaceAll(/^\s*\/\/.*$/gm, "")) ?? {};
  } catch (error) {
    return `it cannot be read (${(error as Error).message.split("\n")[0]})`;
  }
  const { data, error } = Config.safeParse(written);
  if (error === undefined) return data;
  const issue = error.issues[0]!;
  return `${formatPath(issue.path) || "it"} ${describeIssue(issue)}`;
}

export function agentsOf(config: OpenClawConfig): AgentEntry[] {
  const listed = (config.agents?.list ?? []).map((each, index) => ({ ...each, id: each.id ?? `agent ${index + 1}` }));
  const keyed = Object.entries(config.agents?.entries ?? {}).map(([id, each]) => ({ ...each, id }));
  return [...listed, ...keyed];
}

/** The config's path of a workspace may be that of another machine, of which this is a copy: then it is sought in the home. */
export async function findWorkspace(home: string, written: string | undefined): Promise<string | undefined> {
  const named = written?.replace(/^~(?=\/|$)/, homedir());
  const places =
    named === undefined
      ? [join(home, "workspace")]
      : isAbsolute(named)
        ? [join(home, basename(named)), named]
        : [join(home, named)];
  for (const place of places) if (await isFolder(place)) return place;
  return undefined;
}
