/** `roost hosts …` and `roost join`: other machines of the person that keep a copy of the home and watch it. */
import { formatDurationMs } from "@roost/base";
import { plainLine } from "@roost/base/text-width";
import {
  gatewaysScope,
  hostScopes,
  processScopes,
  relayScope,
  schedulersScope,
  serviceScope,
  workersScope,
  type HostRecord,
} from "@roost/contract/operations";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { refuseUnknownCommand } from "../help/refuse-unknown-command.ts";
import { joinHome } from "../hosts/join-home.ts";
import { collectOption } from "../parse-option.ts";
import { relativeTime } from "../print/relative-time.ts";
import type { Column } from "../print/table.ts";
import { readPages } from "../read-pages.ts";
import { addTokenRevoke } from "./keys.ts";

const hostsMax = 5_000;
/** A clock that is further off is shown as a warning. */
const skewMsMax = 5_000;

export function addHostsCommands(program: Command, context: CliContext, version: string): void {
  const hosts = program
    .command("hosts")
    .summary("list the machines of the home, bring one in, put one out")
    .description("Lists the machines of the home, adds one, and removes one.");
  addList(hosts, context);
  addInvite(hosts, context);
  addDraining(hosts, context);
  addTokenRevoke(hosts, context, {
    command: "remove",
    description:
      "Removes a host: its token is refused from now on, and so are the logins of its processes. What it has stays there: its copy of the files, and the keys that you gave it, as that of the bucket: change those.",
    argument: "<host>",
  });
  addJoin(program, context, version);
}

function addList(hosts: Command, context: CliContext): void {
  hosts
    .command("list", { isDefault: true })
    .alias("ls")
    .description("Lists hosts with their clock skew, version, what they run, and when each was last seen.")
    .allowExcessArguments()
    .action(async (_options: object, list: Command) => {
      refuseUnknownCommand(hosts, list.args[0]);
      const { terminal, clock } = context;
      const { client } = await context.connect();
      const rows = await readPages((page) => client.listHosts(page), hostsMax);
      if (terminal.isJson) return terminal.json({ hosts: rows });
      terminal.table(rows, columns(clock.nowMs()), "Nothing runs; bring a host in with roost hosts invite");
    });
}

function addInvite(hosts: Command, context: CliContext): void {
  hosts
    .command("invite")
    .description("Prints a code with which one machine can join within five minutes, and the command for it.")
    .argument("[name]", "what the host is called (default: as it calls itself)")
    .option("--workers", "it may run workers: it gets a login of its own for the database, which both must reach")
    .option("--schedulers", "it may run a scheduler, with such a login")
    .option("--relay", "it may run the relay to Kafka, with a login that reads the log and writes none of it")
    .option("--gateways", "it may run gateways, with a login that reads and writes what the API does, and the bucket")
    .option("--service <name>", "it may run this service, with a login that reaches its tables alone", collectOption)
    .option(
      "--scope <scope>",
      "a permission, such as runs:read (default: what a copy of the files takes; without workers and gateways, nothing of the files)",
      collectOption,
    )
    .action(async (name: string | undefined, options: InviteOptions) => {
      const { terminal } = context;
      const { client, url } = await context.connect();
      const scopes = scopesOf(options);
      const answer = await client.createPairing({ kind: "host", name, scopes });
      if (terminal.isJson) return terminal.json(answer);
      const address = answer.links[0] ?? url;
      terminal.note("On the other machine, within five minutes:");
      terminal.line(`roost join ${address} --code ${answer.code}`);
      if (new URL(address).hostname === "127.0.0.1")
        terminal.note("Only this machine can open that address: docs/phone.md says how others reach the home");
    });
}

interface InviteOptions {
  scope?: string[];
  workers?: boolean;
  schedulers?: boolean;
  relay?: boolean;
  gateways?: boolean;
  service?: string[];
}

/** Undefined: those of the home's choice. */
function scopesOf({ scope, service = [], ...asked }: InviteOptions): string[] | undefined {
  const { workers, schedulers, relay, gateways } = asked;
  const roles = [
    ...(workers === true ? [workersScope] : []),
    ...(schedulers === true ? [schedulersScope] : []),
    ...(relay === true ? [relayScope] : []),
    ...(gateways === true ? [gatewaysScope] : []),
    ...service.map(serviceScope),
  ];
  if (roles.length === 0) return scope;
  return [...(scope ?? (workers === true || gateways === true ? hostScopes : processScopes)), ...roles];
}

function addDraining(hosts: Command, context: CliContext): void {
  hosts
    .command("drain")
    .description(
      "Lets the workers of a host finish what they have and take nothing new until it is undrained, also after a restart.",
    )
    .argument("<host>", "name of the host, as roost hosts shows it")
    .action(async (name: string) => {
      const { client } = await context.connect();
      const answer = await client.drainHost({ name });
      if (context.terminal.isJson) return context.terminal.json(answer);
      const { runCount } = answer.host;
      const left = runCount === 0 ? "it has no run" : `it ends ${runCount === 1 ? "1 run" : `${runCount} runs`}`;
      context.terminal.line(`Host ${plainLine(name)} takes no new runs; ${left}`);
    });
  hosts
    .command("undrain")
    .description("Lets the workers of a drained host take runs again.")
    .argument("<host>", "name of the host, as roost hosts shows it")
    .action(async (name: string) => {
      const { client } = await context.connect();
      const answer = await client.undrainHost({ name });
      if (context.terminal.isJson) return context.terminal.json(answer);
      const { drained } = answer.host;
      context.terminal.line(
        plainLine(`Host ${name} ${drained === null ? "takes runs again" : `stays drained: ${drained}`}`),
      );
    });
}

interface GivenJoin {
  code: string;
  name?: string;
  adopt?: boolean;
  sslcert?: string;
  sslkey?: string;
}

function addJoin(program: Command, context: CliContext, version: string): void {
  program
    .command("join")
    .summary("make this machine a host of a home elsewhere")
    .description(
      "Makes this machine a host of a home that runs elsewhere, over HTTP: commands with this ROOST_HOME, such as roost ps, ask that home, and roost sync keeps a copy of its files there. Where the code was made with --workers, --schedulers, --relay, --gateways or --service, roost up runs those here, with logins of their own for the home's database; that this machine reaches it, and for workers and gateways the object store, is checked before anything is changed. If it is interrupted, the same command goes on. The code comes from roost hosts invite. ROOST_HOME must not be a home yet.",
    )
    .argument("<url>", "address of the home's gateway")
    .requiredOption("--code <code>", "the code that roost hosts invite printed")
    .option("--name <name>", "what this host is called (default: its host name)")
    .option("--adopt", "files that stand in ROOST_HOME are meant to be brought to the home by roost sync")
    .option("--sslcert <file>", "certificate of this machine for the home's database, where that asks for one")
    .option("--sslkey <file>", "its key")
    .action(async (url: string, { adopt, sslcert, sslkey, ...options }: GivenJoin) => {
      const { terminal, config } = context;
      const note = (text: string) => terminal.note(text);
      const joined = await joinHome({
        url,
        ...options,
        isAdopted: adopt === true,
        clientFiles: { ...(sslcert !== undefined && { sslcert }), ...(sslkey !== undefined && { sslkey }) },
        version,
        config,
        clock: context.clock,
        note,
      });
      if (terminal.isJson) return terminal.json(joined);
      terminal.line(`This machine is host ${joined.name} of ${joined.url}, with ${joined.scopes.join(" ")}`);
      if (joined.runs !== undefined)
        terminal.note(
          "roost up starts what it may run, workers with ROOST_QUEUES and ROOST_CAPABILITIES of this machine",
        );
      terminal.note(
        `Commands with ROOST_HOME=${config.homeDir} ask that home (roost ps); roost sync --follow keeps a copy of its files there`,
      );
    });
}

function columns(nowMs: number): Column<HostRecord>[] {
  return [
    { title: "HOST", value: ({ name }) => name },
    { title: "RUNS", value: (host) => plainLine(describeWork(host)), importance: 2 },
    {
      title: "VERSION",
      value: ({ version }) => version ?? "",
      tone: ({ isOtherVersion }) => (isOtherVersion ? "warn" : "dim"),
      importance: 3,
    },
    {
      title: "DRAINED",
      value: ({ drained }) => plainLine(drained ?? ""),
      tone: () => "warn",
      importance: 2,
    },
    {
      title: "CLOCK",
      value: ({ skewMs }) => (skewMs === null ? "" : describeSkew(skewMs)),
      tone: ({ skewMs }) => (Math.abs(skewMs ?? 0) > skewMsMax ? "warn" : "dim"),
      importance: 4,
    },
    {
      title: "LAST SEEN",
      value: ({ lastSeenAt }) => (lastSeenAt === null ? "never" : relativeTime(lastSeenAt, nowMs)),
      tone: () => "dim",
    },
  ];
}

/** "2 workers, 1 scheduler; queues default, night; offers gpu" */
function describeWork({ doing, workerCount, queues, capabilities }: HostRecord): string {
  return [
    doing.join(", "),
    ...(workerCount === 0 ? [] : [`queues ${queues.join(", ")}`]),
    ...(capabilities.length === 0 ? [] : [`offers ${capabilities.join(", ")}`]),
  ].join("; ");
}

function describeSkew(skewMs: number): string {
  if (Math.abs(skewMs) < 1_000) return "right";
  return `${formatDurationMs(Math.round(Math.abs(skewMs) / 1_000) * 1_000)} ${skewMs > 0 ? "ahead" : "behind"}`;
}
