/** `roost keys …`: access tokens, which programs send as their API key. */
import type { TokenRecord } from "@roost/contract/operations";
import { plainLine } from "@roost/base/text-width";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { refuseUnknownCommand } from "../help/refuse-unknown-command.ts";
import { collectOption, parseOptionAmount, parseOptionCount } from "../parse-option.ts";
import { formatCaps } from "../print/format-spend.ts";
import { relativeTime } from "../print/relative-time.ts";
import type { Column } from "../print/table.ts";
import { readPages } from "../read-pages.ts";

interface CreateOptions {
  scope?: string[];
  model?: string[];
  usdPerDay?: number;
  usdPerMonth?: number;
  tokensPerDay?: number;
  callsPerHour?: number;
}

const tokensMax = 5000;

export function addKeysCommands(program: Command, context: CliContext): void {
  const keys = program
    .command("keys")
    .summary("give programs keys to your models and agents")
    .description("Lists, creates and revokes access tokens, which programs send as their API key.");
  addList(keys, context);
  addCreate(keys, context);
  addTokenRevoke(keys, context, {
    description: "Revokes a key: calls with it are refused from now on.",
    argument: "<key>",
  });
}

function addList(keys: Command, context: CliContext): void {
  keys
    .command("list", { isDefault: true })
    .alias("ls")
    .description("Lists keys with their caps and what each has spent.")
    .option("-a, --all", "include revoked keys")
    .allowExcessArguments()
    .action(async ({ all }: { all?: boolean }, list: Command) => {
      refuseUnknownCommand(keys, list.args[0]);
      const { terminal, clock } = context;
      const { client } = await context.connect();
      const rows = await readPages((page) => client.listTokens({ ...page, withRevoked: all === true }), tokensMax);
      if (terminal.isJson) return terminal.json({ keys: rows });
      terminal.table(rows, keyColumns(clock.nowMs()), "There are no keys; make one with roost keys create NAME");
    });
}

function addCreate(keys: Command, context: CliContext): void {
  keys
    .command("create")
    .description("Creates a key and prints it, once: it is stored as a hash.")
    .argument("<name>", "what holds it, such as open-webui")
    .option(
      "--scope <scope>",
      "a permission (default: models:call and agents:call); main opens the person's own sessions",
      collectOption,
    )
    .option("--model <pattern>", "a model that it may call, such as ollama/* (default: all)", collectOption)
    .option("--usd-per-day <amount>", "cap on money a day", parseOptionAmount)
    .option("--usd-per-month <amount>", "cap on money a month", parseOptionAmount)
    .option("--tokens-per-day <count>", "cap on tokens a day", parseOptionCount)
    .option("--calls-per-hour <count>", "cap on calls of models an hour", parseOptionCount)
    .action(async (name: string, options: CreateOptions) => {
      const { terminal } = context;
      const { client } = await context.connect();
      const { scope: scopes, model: models } = options;
      const answer = await client.createToken({ name, scopes, models, caps: capsOf(options) });
      if (terminal.isJson) return terminal.json(answer);
      terminal.note("The key is shown once and stored as a hash; lose it, and make another.");
      terminal.line(answer.text);
    });
}

/** `revoke` of tokens: of keys, of devices. */
export function addTokenRevoke(
  tokens: Command,
  context: CliContext,
  { command = "revoke", description, argument }: { command?: string; description: string; argument: string },
): void {
  tokens
    .command(command)
    .description(description)
    .argument(argument, "its name or id")
    .action(async (token: string) => {
      const { client } = await context.connect();
      const answer = await client.revokeToken({ token });
      if (context.terminal.isJson) return context.terminal.json(answer);
      context.terminal.line(context.terminal.named(`Revoked ${plainLine(answer.token.name)}`));
    });
}

function capsOf({ usdPerDay, usdPerMonth, tokensPerDay, callsPerHour }: CreateOptions): TokenRecord["caps"] {
  return {
    day:
      usdPerDay === undefined && tokensPerDay === undefined
        ? undefined
        : { usdMax: usdPerDay, tokensMax: tokensPerDay },
    month: usdPerMonth === undefined ? undefined : { usdMax: usdPerMonth },
    hour: callsPerHour === undefined ? undefined : { callsMax: callsPerHour },
  };
}

function keyColumns(nowMs: number): Column<TokenRecord>[] {
  const spent = (token: TokenRecord) => token.spent.find(({ window }) => window === "day")?.costUsd ?? 0;
  return [
    { title: "KEY", value: ({ name }) => name },
    { title: "ENDS IN", value: ({ ending }) => ending, importance: 4, label: "ends in" },
    { title: "MAY", value: ({ scopes }) => plainLine(scopes.join(" ")), importance: 3 },
    { title: "MODELS", value: ({ models }) => plainLine(models?.join(" ") ?? "all"), importance: 5 },
    { title: "TODAY", value: (token) => `$${spent(token).toFixed(2)}`, alignRight: true, importance: 2 },
    { title: "CAPS", value: ({ caps }) => formatWindows(caps), importance: 2, label: "caps" },
    lastSeenColumn(nowMs),
  ];
}

/** When a token was last shown, or that it was revoked. */
export function lastSeenColumn(nowMs: number): Column<TokenRecord> {
  return {
    title: "LAST SEEN",
    value: ({ lastSeenAt, revokedAt }) =>
      revokedAt === null
        ? lastSeenAt === null
          ? "never"
          : relativeTime(lastSeenAt, nowMs)
        : `revoked ${relativeTime(revokedAt, nowMs)}`,
    tone: ({ revokedAt }) => (revokedAt === null ? "dim" : "warn"),
  };
}

function formatWindows(caps: TokenRecord["caps"]): string {
  return (["hour", "day", "month", "total"] as const)
    .flatMap((window) => (caps[window] === undefined ? [] : [`${formatCaps(caps[window])} per ${window}`]))
    .join(", ");
}
