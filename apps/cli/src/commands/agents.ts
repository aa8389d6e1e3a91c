/** `roost agents …`: which agents there are, where each is defined, and how it has been. */
import { agentStates, type AgentRecord } from "@roost/contract/operations";
import type { Command } from "commander";
import { stringify } from "yaml";
import type { CliContext } from "../cli-context.ts";
import { refuseUnknownCommand } from "../help/refuse-unknown-command.ts";
import { parseOptionCount } from "../parse-option.ts";
import { toneOf } from "../print/create-paint.ts";
import { formatCaps } from "../print/format-spend.ts";
import { formatPairs } from "../print/format-pairs.ts";
import { noteUnreadable } from "../print/note-unreadable.ts";
import { relativeTime } from "../print/relative-time.ts";
import type { Column } from "../print/table.ts";
import { plainLine, plainText } from "@roost/base/text-width";
import { readPages } from "../read-pages.ts";
import { addVersionsCommand, requireVersion } from "./add-versions-command.ts";

const agentsMax = 5000;

export function addAgentsCommands(program: Command, context: CliContext): void {
  const agents = program
    .command("agents")
    .summary("show how your agents are defined")
    .description("Lists and shows agents as roost.yaml and agents/*.md define them, and how each was defined before.");
  addList(agents, context);
  addShow(agents, context);
  addVersionsCommand(agents, context, {
    noun: "agent",
    list: (client, agentId, page) => client.listAgentVersions({ agentId, ...page }),
  });
}

function addList(agents: Command, context: CliContext): void {
  agents
    .command("list", { isDefault: true })
    .alias("ls")
    .description("Lists the agents.")
    .option("-a, --all", "include removed agents")
    .allowExcessArguments()
    .action(async ({ all }: { all?: boolean }, list: Command) => {
      refuseUnknownCommand(agents, list.args[0]);
      const { terminal, clock } = context;
      const { client } = await context.connect();
      const rows = await readPages(async (page) => {
        const answer = await client.listAgents({ ...page, ...(all === true ? { state: [...agentStates] } : {}) });
        noteUnreadable(terminal, answer.unreadable);
        return answer;
      }, agentsMax);
      if (terminal.isJson) return terminal.json({ agents: rows });
      terminal.table(rows, agentColumns(clock.nowMs()), "There are no agents");
    });
}

function addShow(agents: Command, context: CliContext): void {
  agents
    .command("show")
    .description("Shows an agent: its instructions, model, tools and caps.")
    .argument("<agent>", "id of the agent")
    .option("--version <number>", "show this version of the definition", parseOptionCount)
    .action(async (agentId: string, { version }: { version?: number }) => {
      const { terminal, clock } = context;
      const { client } = await context.connect();
      const { agent } = await client.getAgent({ agentId });
      if (version === undefined) {
        if (terminal.isJson) return terminal.json({ agent });
        return printAgent(context, agent, clock.nowMs());
      }
      const found = requireVersion((await client.listAgentVersions({ agentId, version })).items, agentId, version);
      if (terminal.isJson) return terminal.json({ version: found });
      terminal.line(terminal.paint(`${agentId}, version ${found.version}`, "strong"));
      terminal.write(plainText(stringify(found.definition)));
    });
}

function agentColumns(nowMs: number): Column<AgentRecord>[] {
  return [
    { title: "AGENT", value: ({ id }) => id },
    { title: "STATE", value: ({ state }) => state, tone: ({ state }) => toneOf(state), importance: 4 },
    { title: "VERSION", value: ({ version }) => String(version), alignRight: true, label: "version" },
    { title: "FROM", value: ({ source, definedBy }) => plainLine(source ?? definedBy), importance: 6, label: "from" },
    { title: "TITLE", value: ({ definition }) => plainLine(definition.title ?? ""), importance: 7 },
    { title: "MODEL", value: ({ definition }) => plainLine(definition.model ?? ""), importance: 2 },
    {
      title: "RUNNING",
      value: ({ liveRunCount }) => String(liveRunCount),
      alignRight: true,
      importance: 3,
      label: "runs",
    },
    { title: "CHANGED", value: ({ updatedAt }) => relativeTime(updatedAt, nowMs), importance: 5, tone: () => "dim" },
  ];
}

function printAgent({ terminal }: CliContext, agent: AgentRecord, nowMs: number): void {
  const { definition } = agent;
  terminal.line(`${terminal.paint(agent.id, "strong")}  ${terminal.paint(agent.state, toneOf(agent.state))}`);
  const pairs: [string, string][] = [
    ["version", `${agent.version}, ${relativeTime(agent.updatedAt, nowMs)}`],
    ["defined in", plainLine(agent.source ?? agent.definedBy)],
    ["model", plainLine(definition.model ?? "the first in the list")],
    ["about", plainLine(definition.title ?? "")],
    ["for", plainLine(definition.description ?? "")],
    ["tools", plainLine((definition.tools ?? []).join(", ") || "none")],
    ["services", plainLine(definition.services?.join(", ") ?? "")],
    ["skills", plainLine(definition.skills?.join(", ") ?? "all")],
    ["may know", plainLine(definition.clearance?.join(", ") ?? "all that its session may")],
    ["triggers", plainLine(Object.keys(definition.triggers ?? {}).join(", "))],
    ["per run", formatCaps(definition.budget)],
    ["runs", agent.liveRunCount === 0 ? "" : `${agent.liveRunCount} running`],
  ];
  for (const line of formatPairs(pairs, terminal)) terminal.line(line);
  if (definition.prompt === undefined) return;
  terminal.line();
  terminal.line(plainText(definition.prompt).trimEnd());
}
