/**
 * A home of OpenClaw of either generation: workspaces, skills, conversations, logs of runs, the heartbeat's scratch. Jobs are taken over by
 * `roost jobs import`, which this room's command calls.
 */
import { basename, join, relative } from "node:path";
import { stringify } from "yaml";
import { repairedLine } from "@roost/base";
import { plainLine } from "@roost/base/text-width";
import { clipText, nameCharsMax, starterToolNames } from "@roost/contract/operations";
import { dropUndefined } from "../../drop-undefined.ts";
import { apart } from "../found/apart.ts";
import { entriesOf } from "../found/entries-of.ts";
import {
  namedWithin,
  noPlace,
  noteOf,
  recordOf,
  refusedAs,
  secretAt,
  type Finding,
  type Found,
} from "../found/found.ts";
import { placeHere } from "../found/place-here.ts";
import { decodeText, readWithin, takeFile, takeFolder, walkSource, type SourceFile } from "../found/walk-source.ts";
import { convertAgentModel, convertModels, type ConvertedModels } from "./convert-models.ts";
import {
  agentsOf,
  findWorkspace,
  hasFewerTools,
  mainAgentOf,
  readConfig,
  type AgentEntry,
  type OpenClawConfig,
} from "./read-config.ts";
import { toAgentHere } from "./to-agent-here.ts";
import { readDatabaseSessions } from "./read-database-sessions.ts";
import { readFileSessions } from "./read-file-sessions.ts";
import { readRunLogs } from "./read-run-logs.ts";

export async function* readOpenClaw(home: string): Finding {
  const config = await readConfig(home);
  if (typeof config === "string") yield refusedAs("openclaw.json", config);
  const known = typeof config === "string" ? {} : config;
  const agents = agentsOf(known);
  const main = mainAgentOf(known);
  const workspace = await findWorkspace(home, main?.workspace ?? known.agents?.defaults?.workspace);
  if (workspace === undefined) yield noteOf("no workspace was found: only jobs, conversations and skills come in");
  else yield* apart("workspace", readWorkspace(home, workspace));
  if (hasFewerTools(known, main ?? { id: "main" }))
    yield noPlace("agent main", "it has not all tools there: take out of agents/main.md what it should not have");
  const models = convertModels(known);
  for (const agent of agents)
    if (agent.id !== main?.id) yield* apart(`agent ${agent.id}`, readAgent(home, agent, { config: known, models }));
  yield* takeFolder(join(home, "skills"), (path) => ({ ref: `skills/${path}`, path: `skills/${path}` }));
  yield* apart("agents", readSessions(home, known));
  yield* apart("cron/runs", readRunLogs(home));
  yield* apart(home, tellTheRest(home, new Set([workspace ?? "", ...(await workspacesOf(home, agents))])));
}

async function* readSessions(home: string, config: OpenClawConfig): Finding {
  const ids = new Set([...agentsOf(config).map(({ id }) => id), ...(await entriesOf(join(home, "agents")))]);
  for (const id of [...ids].toSorted()) {
    if (basename(id) !== id || id === "..") {
      yield refusedAs(`agent ${id}`, "its id is no name of a folder: its conversations do not come in");
      continue;
    }
    yield* apart(`agents/${id}/sessions`, readFileSessions(home, id, toAgentHere(id, config)));
    yield* apart(`agents/${id}/agent`, readDatabaseSessions(home, id, toAgentHere(id, config)));
  }
}

async function workspacesOf(home: string, agents: readonly AgentEntry[]): Promise<string[]> {
  const found = await Promise.all(agents.map(async (agent) => findWorkspace(home, workspaceOf(agent))));
  return found.filter((path) => path !== undefined);
}

async function* readWorkspace(home: string, workspace: string): Finding {
  for await (const file of walkSource(workspace))
    yield* takeFrom(home, workspace, file, (path) => placeHere(path, "workspace"));
}

async function* takeFrom(
  home: string,
  root: string,
  file: SourceFile | Found,
  place: (path: string) => string,
): Finding {
  const inside = relative(home, root);
  const folder = inside.startsWith("..") ? "workspace" : inside;
  if ("found" in file) return yield namedWithin(file, (name) => `${folder}/${name}`);
  const ref = `${folder}/${file.path}`;
  const path = place(file.path);
  if (path === `workspace/${file.path}`) yield noteOf(`${ref} comes in as ${path}: its name means something else here`);
  yield* takeFile({ ref, path, absolute: file.absolute });
}

/** Where none is named it has its own beside the others. */
function workspaceOf({ id, workspace = `workspace-${id}` }: AgentEntry): string {
  return workspace;
}

const identity = ["SOUL.md", "IDENTITY.md", "AGENTS.md"];
const promptCharsMax = 45_000;

/** An agent with a workspace of its own is a file here: who it is and how it works, and its other files in a folder. */
async function* readAgent(
  home: string,
  agent: AgentEntry,
  { config, models }: { config: OpenClawConfig; models: ConvertedModels },
): Finding {
  const written = workspaceOf(agent);
  const workspace = await findWorkspace(home, written);
  const name = toAgentHere(agent.id, config);
  if (workspace === undefined) return yield refusedAs(`agent ${agent.id}`, `its workspace ${written} is not there`);
  const { chosen, left } = convertAgentModel(agent, models);
  for (const line of left) yield noPlace(`agent ${agent.id}`, line);
  const isNarrow = hasFewerTools(config, agent);
  if (isNarrow)
    yield noPlace(
      `agent ${agent.id}`,
      `it has not all tools there, and none here: name those that it needs in agents/${name}.md`,
    );
  const tools = isNarrow ? [] : starterToolNames;
  const texts: string[] = [];
  for (const file of identity) {
    const text = await readIdentity(workspace, file);
    if (typeof text === "string") texts.push(text);
    else if (text !== undefined) yield refusedAs(`${written}/${file}`, text.problem);
  }
  const whole = texts.filter((text) => text.trim() !== "").join("\n\n");
  const prompt = clipText(whole, promptCharsMax);
  if (prompt.length < whole.length)
    yield noPlace(`agent ${agent.id}`, `of its ${whole.length} characters the first ${promptCharsMax} come in`);
  yield recordOf({
    kind: "file",
    ref: `agent ${agent.id}`,
    path: `agents/${name}.md`,
    text: `---\n${stringify({ title: titleOf(agent), ...dropUndefined(chosen), tools })}---\n\n${prompt}\n`,
    kept: agent,
  });
  for await (const file of walkSource(workspace))
    if ("found" in file || !identity.includes(file.path))
      yield* takeFrom(home, workspace, file, (path) => `workspace-${name}/${path}`);
}

function titleOf({ name, id }: AgentEntry): string {
  return repairedLine(plainLine(name ?? ""), nameCharsMax) ?? repairedLine(plainLine(id), nameCharsMax) ?? "agent";
}

/** Undefined: there is none. */
async function readIdentity(workspace: string, name: string): Promise<string | { problem: string } | undefined> {
  const path = join(workspace, name);
  if (!(await entriesOf(workspace)).includes(name)) return undefined;
  const bytes = await readWithin(path, { within: workspace });
  if (typeof bytes === "string") return { problem: bytes };
  return decodeText(bytes, name)?.text ?? { problem: "it is no text" };
}

/** Files and folders that say more than that they have no place. */
const left: Readonly<Record<string, string>> = {
  "openclaw.json": "settings, with secrets: write what you need into roost.yaml (docs/settings.md)",
  credentials: "secrets stay there",
  identity: "keys of devices stay there",
  devices: "paired devices stay there",
  "exec-approvals.json": "approvals of commands: grant them anew here",
};

/** Read above, or made anew by every program: nothing is lost with them. */
const taken = new Set(["workspace", "agents", "skills", "cron", "state", "logs", "tmp", "completions"]);
const takenOfCron = /^(?:jobs\.json(?:\.bak.*)?|runs)$/;

/** Nothing stays there without a word. `read`: the folders of workspaces that came in. */
async function* tellTheRest(home: string, read: ReadonlySet<string>): Finding {
  for (const name of await entriesOf(home)) {
    if (taken.has(name) || read.has(join(home, name)) || /^\.|\.bak(?:\.\d+)?$/.test(name)) continue;
    const why = left[name] ?? "has no place here";
    yield /secret|keys/.test(why) ? secretAt(name, why) : noPlace(name, why);
  }
  for (const name of await entriesOf(join(home, "cron")))
    if (!takenOfCron.test(name)) yield noPlace(`cron/${name}`, "jobs are read from jobs.json or the database alone");
}
