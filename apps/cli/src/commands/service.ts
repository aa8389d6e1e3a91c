/** `roost service …`: which domain services there are, where they run, and running or migrating one by itself. */
import type {
  ConsumerGroupRecord,
  ServiceRecord,
  ServiceInstanceRecord,
  ThirdPartyRecord,
} from "@roost/contract/operations";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { addEnableCommands } from "./add-enable-commands.ts";
import { addThirdPartyCommands } from "./add-third-party-commands.ts";
import { refuseUnknownCommand } from "../help/refuse-unknown-command.ts";
import { formatPairs } from "../print/format-pairs.ts";
import { relativeTime } from "../print/relative-time.ts";
import type { Column } from "../print/table.ts";
import { runProgram } from "../processes/run-program.ts";
import { readPages } from "../read-pages.ts";

const servicesMax = 500;
const program = "apps/services/src/main.ts";

export function addServiceCommands(parent: Command, context: CliContext): void {
  const service = parent
    .command("service")
    .summary("show, run and migrate domain services, add those of others")
    .description(
      "Shows, runs and migrates the domain services of the home, and adds those of other makers. The key services in roost.yaml says which of the home's own run.",
    );
  addList(service, context);
  addStatus(service, context);
  addMigrate(service, context);
  addRun(service, context);
  addEnableCommands(service, context);
  addThirdPartyCommands(service, context);
}

function addList(service: Command, context: CliContext): void {
  service
    .command("list", { isDefault: true })
    .alias("ls")
    .description("Lists services and whether they run.")
    .allowExcessArguments()
    .action(async (_options: object, list: Command) => {
      refuseUnknownCommand(service, list.args[0]);
      const { client } = await context.connect();
      const rows = await readPages((page) => client.listServices(page), servicesMax);
      const thirdParties = await readPages((page) => client.listThirdParties(page), servicesMax);
      if (context.terminal.isJson) return context.terminal.json({ services: rows, thirdParties });
      const all = [...rows, ...thirdParties.map(toRow)].toSorted((a, b) => a.name.localeCompare(b.name));
      context.terminal.table(all, columns, "There are no services: name some in roost.yaml, as in services: [peeps]");
    });
}

function addStatus(service: Command, context: CliContext): void {
  service
    .command("status")
    .description("Shows a service: why it does not run, where it runs, and how far its consumers have read.")
    .argument("<name>", "name of the service")
    .action(async (name: string) => {
      const { client } = await context.connect();
      const { service: found, instances } = await client.getService({ name });
      const groups = await readPages((page) => client.listGroups(page), servicesMax);
      const own = groups.filter((group) => group.name.startsWith(`service.${name}.`));
      const { terminal, clock } = context;
      if (terminal.isJson) return terminal.json({ service: found, instances, consumers: own });
      const pairs: [string, string][] = [
        ["service", `${found.name}: ${found.title}`],
        ["state", found.state],
        ["reason", found.reason ?? ""],
        ...found.statements.map((statement): [string, string] => ["run first", `${statement};`]),
        ...instances.map((one): [string, string] => ["runs", describeInstance(one, clock.nowMs())]),
        ...own.map((group): [string, string] => [
          "consumer",
          `${group.name.slice(`service.${name}.`.length)}, ${countBehind(group)} events behind`,
        ]),
      ];
      for (const line of formatPairs(pairs, terminal)) terminal.line(line);
    });
}

function addMigrate(service: Command, context: CliContext): void {
  service
    .command("migrate")
    .description(
      "Installs services and applies their migrations, each by itself. Those that could not run are tried again at once. On the host of the home, or with DATABASE_URL.",
    )
    .argument("[names...]", "names of services (default: those of roost.yaml)")
    .option("--accept-breaks", "accept a contract that breaks its callers without a new major version")
    .action(async (names: string[], { acceptBreaks = false }: { acceptBreaks?: boolean }) => {
      const options = acceptBreaks ? ["--accept-breaks"] : [];
      context.exitWith(await runProgram(context, program, ["migrate", ...names, ...options]));
    });
}

function addRun(service: Command, context: CliContext): void {
  service
    .command("run")
    .description(
      "Runs one service alone until Ctrl-C, here or on another host, also while the home runs it: its instances share the calls. On a host that joined with --service it needs nothing more.",
    )
    .argument("<name>", "name of the service")
    .option("--port <number>", "port to listen on (default: any free one)")
    .option("--listen <address>", "address under which gateways reach it (default: 127.0.0.1)")
    .option(
      "--secret <file>",
      "the file that its installation wrote, .roost/services/NAME.json of the home; it then needs DATABASE_URL, and no access to the home",
    )
    .action(async (name: string, given: { port?: string; listen?: string; secret?: string }) => {
      const options = Object.entries(given).flatMap(([option, value]) => [`--${option}`, value]);
      context.exitWith(await runProgram(context, program, ["run", name, ...options]));
    });
}

function countBehind({ partitions }: ConsumerGroupRecord): number {
  return partitions.reduce((sum, { lagCount }) => sum + lagCount, 0);
}

function describeInstance({ host, pid, url, startedAt }: ServiceInstanceRecord, nowMs: number): string {
  return `process ${pid} on ${host}, ${url}, since ${relativeTime(startedAt, nowMs)}`;
}

type Row = Pick<ServiceRecord, "name" | "title" | "instanceCount" | "reason"> & { state: string };

/** A service of another maker runs elsewhere. */
function toRow({ name, title, server, operationCount }: ThirdPartyRecord): Row {
  return {
    name,
    title: `${title}: ${operationCount} operations at ${server}`,
    state: "elsewhere",
    instanceCount: 0,
    reason: null,
  };
}

const columns: Column<Row>[] = [
  { title: "SERVICE", value: ({ name }) => name, widthMin: 8 },
  {
    title: "STATE",
    value: ({ state }) => state,
    tone: ({ state }) => (state === "running" ? "good" : state === "off" || state === "elsewhere" ? "dim" : "warn"),
  },
  { title: "INSTANCES", value: ({ instanceCount }) => String(instanceCount), alignRight: true, importance: 3 },
  { title: "TITLE", value: ({ title }) => title, importance: 2 },
  { title: "REASON", value: ({ reason }) => reason ?? "", importance: 1 },
];
