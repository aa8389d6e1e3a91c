/** openclaw.json: which agents there are and where their workspaces lie. Its secrets are not read further. */
import { stat } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import { describeIssue, formatPath, isJsonObject, RoostError } from "@roost/base";
import { parse } from "yaml";
import { z } from "zod";
import { isFolder, readWithin } from "../found/walk-source.ts";
import { withoutNulls } from "../found/without-nulls.ts";

const configBytesMax = 4 * 1024 ** 2;

const AgentEntry = z.looseObject({
  id: z.string().optional(),
  name: z.string().optional(),
  default: z.boolean().optional(),
  workspace: z.string().optional(),
  heartbeat: z.looseObject({}).optional(),
  model: z.unknown().optional(),
  tools: z.unknown().optional(),
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
  tools: z.unknown().optional(),
});
export type OpenClawConfig = z.output<typeof Config>;

/** The config, or why it cannot be read; empty when there is none. */
export async function readConfig(home: string): Promise<OpenClawConfig | string> {
  const path = join(home, "openclaw.json");
  if ((await stat(path).catch(() => undefined)) === undefined) return {};
  try {
    const { data, error } = Config.safeParse(withoutNulls((await readWritten(path, { home, depth: 0 })) ?? {}));
    if (error === undefined) return data;
    const issue = error.issues[0]!;
    return `${formatPath(issue.path) || "it"} ${describeIssue(issue)}`;
  } catch (error) {
    // Nested too deep to be read, too.
    return (error as Error).message;
  }
}

const includesDepthMax = 8;
const commentOrText = /"(?:[^"\\]|\\[^])*"|'(?:[^'\\]|\\[^])*'|\/\/.*|\/\*[^]*?\*\//g;

interface Including {
  home: string;
  depth: number;
}

/** The file may hold comments, trailing commas and names that stand twice: comments are removed, YAML accepts the rest. @throws RoostError `invalid_input` */
async function readWritten(path: string, { home, depth }: Including): Promise<unknown> {
  const bytes = await readWithin(path, { bytesMax: configBytesMax });
  if (typeof bytes === "string") throw new RoostError("invalid_input", bytes);
  const text = bytes.toString().replaceAll(commentOrText, (found) => (found.startsWith("/") ? " " : found));
  return await withIncluded(parseText(text), { folder: dirname(path), home, depth });
}

function parseText(text: string): unknown {
  try {
    return parse(text, { uniqueKeys: false });
  } catch (cause) {
    throw new RoostError("invalid_input", `it cannot be read (${(cause as Error).message.split("\n")[0]})`, { cause });
  }
}

/** `$include` names files whose contents stand in its place, the later ones over the earlier and what is beside it over all. */
async function withIncluded(value: unknown, from: Including & { folder: string }): Promise<unknown> {
  if (Array.isArray(value)) return await Promise.all(value.map((each) => withIncluded(each, from)));
  if (!isJsonObject(value)) return value;
  const { $include: named, ...own } = value;
  const parts: unknown[] = [];
  for (const name of named === undefined ? [] : [named].flat()) {
    const path = resolve(from.folder, String(name));
    if (relative(from.home, path).startsWith(".."))
      throw new RoostError("invalid_input", `$include ${String(name)} lies outside of the home`);
    if (from.depth >= includesDepthMax)
      throw new RoostError("invalid_input", `$include is nested deeper than ${includesDepthMax} files`);
    const part = await readWritten(path, { home: from.home, depth: from.depth + 1 }).catch((cause: Error) => {
      throw new RoostError("invalid_input", `$include ${String(name)}: ${cause.message}`, { cause });
    });
    parts.push(part);
  }
  const beside: [string, unknown][] = [];
  for (const [name, each] of Object.entries(own)) beside.push([name, await withIncluded(each, from)]);
  return [...parts, ...(parts.length === 0 || beside.length > 0 ? [Object.fromEntries(beside)] : [])].reduce(over);
}

function over(under: unknown, upper: unknown): unknown {
  if (!isJsonObject(under) || !isJsonObject(upper)) return upper;
  const merged: Record<string, unknown> = { ...under };
  for (const [name, value] of Object.entries(upper)) merged[name] = over(merged[name], value);
  return merged;
}

/** Whether an agent has fewer tools than there are: by what its entry says, or the config for all. */
export function hasFewerTools(config: OpenClawConfig, agent: AgentEntry): boolean {
  return [config.tools, config.agents?.defaults?.tools, agent.tools].some(
    (tools) =>
      tools !== undefined &&
      (!isJsonObject(tools) ||
        limitingKeys.some((key) => tools[key] !== undefined) ||
        (tools["profile"] !== undefined && tools["profile"] !== "full")),
  );
}

/** What takes tools away, for all that an agent does or for some of it. */
const limitingKeys = ["allow", "deny", "byProvider", "sandbox", "subagents"];

export function agentsOf(config: OpenClawConfig): AgentEntry[] {
  const listed = (config.agents?.list ?? []).map((each, index) => ({ ...each, id: each.id ?? `agent ${index + 1}` }));
  const keyed = Object.entries(config.agents?.entries ?? {}).map(([id, each]) => ({ ...each, id }));
  return [...listed, ...keyed];
}

/** The agent that is main here: as there the default one, then one of that name, then the first. */
export function mainAgentOf(config: OpenClawConfig): AgentEntry | undefined {
  const agents = agentsOf(config);
  return agents.find((each) => each.default === true) ?? agents.find(({ id }) => id === "main") ?? agents[0];
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
