/** `roost channels …`: chats in which the person and others write to agents. */
import { plainLine } from "@roost/base/text-width";
import { dropSecret, keepSecret, RoostError } from "@roost/base";
import type { ChannelName, ChannelRecord, PeerRecord } from "@roost/contract/operations";
import { channelNames, peerStandings, SecretReference } from "@roost/contract/operations";
import { Argument, type Command } from "commander";
import { YAMLMap } from "yaml";
import type { z } from "zod";
import type { CliContext } from "../cli-context.ts";
import { readInput } from "../conversation/read-input.ts";
import { refuseUnknownCommand } from "../help/refuse-unknown-command.ts";
import { relativeTime } from "../print/relative-time.ts";
import type { Column } from "../print/table.ts";
import { readPages } from "../read-pages.ts";
import { changeSettings } from "./change-settings.ts";

type Name = z.output<typeof ChannelName>;

const peersMax = 1_500;
/** As @BotFather gives it. */
const tokenPattern = /^\d+:[\w-]{20,}$/;

export function addChannelsCommands(program: Command, context: CliContext): void {
  const channels = program
    .command("channels")
    .summary("talk to your agents from a chat on your phone")
    .description("Shows chat channels and who writes there; adds or removes one, binds your chat, allows others.");
  addList(channels, context);
  addAdd(channels, context);
  addRemove(channels, context);
  addPair(channels, context);
  addStanding(channels, context, "allow");
  addStanding(channels, context, "refuse");
}

const channelArgument = () => new Argument("<channel>", "name of the channel").choices(channelNames);

function addList(channels: Command, context: CliContext): void {
  channels
    .command("list", { isDefault: true })
    .alias("ls")
    .description("Lists channels, and those who have written there.")
    .allowExcessArguments()
    .action(async (_options: object, list: Command) => {
      refuseUnknownCommand(channels, list.args[0]);
      const { terminal, clock } = context;
      const { client } = await context.connect();
      const { items: found } = await client.listChannels();
      const all = await Promise.all(
        found.map(async (channel) => {
          const peers = await readPages(
            (page) => client.listPeers({ ...page, channel: channel.name as Name }),
            peersMax,
          );
          return { ...channel, peers: peers.toSorted(byStanding) };
        }),
      );
      if (terminal.isJson) return terminal.json({ channels: all });
      for (const { peers, ...channel } of all) {
        terminal.line(describe(channel));
        if (peers.length > 0) terminal.table(peers, peerColumns(clock.nowMs()), "");
      }
    });
}

function describe({ name, account, state, reason, boundTo }: ChannelRecord): string {
  const as = account === null ? "" : ` as @${plainLine(account)}`;
  const why = reason === null ? "" : `: ${plainLine(reason)}`;
  const bound =
    state === "off"
      ? ""
      : boundTo === null
        ? `; no chat is yours: roost channels pair ${name}`
        : `; yours is the chat with ${plainLine(boundTo)}`;
  return `${name} is ${state}${as}${why}${bound}`;
}

function addAdd(channels: Command, context: CliContext): void {
  channels
    .command("add")
    .description(
      "Adds a channel to roost.yaml. Its token is read from the standard input and kept in a file that only you can read, unless --token names where it is. On the host of the home.",
    )
    .addArgument(channelArgument())
    .option("--token <reference>", "where the bot's token is: env:NAME, file:PATH, age:PATH or op:VAULT/ITEM/FIELD")
    .action(async (channel: Name, { token }: { token?: string | undefined }) => {
      const { terminal, config, stdin } = context;
      const reference = token === undefined ? await keepToken(config.homeDir, stdin, channel) : checkReference(token);
      const { path, isChanged } = await changeSettings(context, (document) => {
        if (document.getIn(["channels", channel, "token"]) === reference) return false;
        document.setIn(["channels", channel, "token"], reference);
        return true;
      });
      if (terminal.isJson) return terminal.json({ channel, token: reference, isChanged });
      terminal.line(`${channel} ${isChanged ? "added to" : "is already in"} ${path}, with the token in ${reference}`);
      terminal.note(`${appliesNow}. Then bind your chat: roost channels pair ${channel}`);
    });
}

const appliesNow = "Where Roost is running it applies within seconds";

function addRemove(channels: Command, context: CliContext): void {
  channels
    .command("remove")
    .description(
      "Takes a channel out of roost.yaml, with the token that add has kept. Who was bound or allowed stays known. On the host of the home.",
    )
    .addArgument(channelArgument())
    .action(async (channel: Name) => {
      const { terminal, config } = context;
      let reference: unknown;
      const { path, isChanged } = await changeSettings(context, (document) => {
        reference = document.getIn(["channels", channel, "token"]);
        if (!document.hasIn(["channels", channel])) return false;
        document.deleteIn(["channels", channel]);
        if (document.get("channels") instanceof YAMLMap && (document.get("channels") as YAMLMap).items.length === 0)
          document.delete("channels");
        return true;
      });
      if (typeof reference === "string") await dropSecret(config.homeDir, reference);
      if (terminal.isJson) return terminal.json({ channel, isChanged });
      terminal.line(`${channel} ${isChanged ? "removed from" : "is not in"} ${path}`);
      if (isChanged) terminal.note(appliesNow);
    });
}

function checkReference(given: string): string {
  if (SecretReference.safeParse(given).success) return given;
  throw new RoostError(
    "invalid_input",
    "--token says where the token is, as env:NAME or file:PATH, and is not the token",
  );
}

/** Never an argument: others of the machine see those. */
async function keepToken(homeDir: string, stdin: CliContext["stdin"], channel: Name): Promise<string> {
  if (stdin.isTTY === true)
    throw new RoostError(
      "invalid_input",
      `Give the bot's token on the standard input, for example: roost channels add ${channel} < token.txt, or say where it is with --token env:NAME`,
    );
  const token = (await readInput(stdin)).trim();
  if (!tokenPattern.test(token))
    throw new RoostError(
      "invalid_input",
      "What stands on the standard input is no bot's token, such as 123456789:AA…: ask @BotFather for it",
    );
  return keepSecret(homeDir, `${channel}-token`, token);
}

function addPair(channels: Command, context: CliContext): void {
  channels
    .command("pair")
    .description("Prints a code. Sent to the bot in a private chat, within five minutes, it makes that chat yours.")
    .addArgument(channelArgument())
    .action(async (channel: Name) => {
      const { terminal } = context;
      const { client } = await context.connect();
      const answer = await client.createPairing({ channel });
      if (terminal.isJson) return terminal.json(answer);
      const { items: all } = await client.listChannels();
      const account = all.find(({ name }) => name === channel)?.account;
      terminal.note(
        `Send it to ${account == null ? "your bot" : `@${plainLine(account)}`} in a private chat, within five minutes:`,
      );
      terminal.line(answer.code);
    });
}

function addStanding(channels: Command, context: CliContext, verb: "allow" | "refuse"): void {
  const isAllowed = verb === "allow";
  channels
    .command(verb)
    .description(
      isAllowed
        ? "Lets a person who has written, or a group, talk to your agent as a guest, who learns nothing private."
        : "Ignores a person or a group from now on.",
    )
    .addArgument(channelArgument())
    .argument("<who>", "name, title or id, as roost channels shows it")
    .action(async (channel: Name, who: string) => {
      const { terminal } = context;
      const { client } = await context.connect();
      const { peer } = await client.changePeer({ channel, peer: who, standing: isAllowed ? "guest" : "refused" });
      if (terminal.isJson) return terminal.json({ peer });
      terminal.line(`${plainLine(nameOf(peer))} is ${isAllowed ? "a guest now" : "refused from now on"}`);
    });
}

/** The person, guests, and those who were refused, the latest first. */
function byStanding(left: PeerRecord, right: PeerRecord): number {
  const rank = ({ standing }: PeerRecord) => peerStandings.indexOf(standing);
  return rank(left) - rank(right) || (right.seenAt ?? "").localeCompare(left.seenAt ?? "");
}

const nameOf = ({ name, title, id }: PeerRecord) => (name === null ? (title ?? id) : `@${name}`);

function peerColumns(nowMs: number): Column<PeerRecord>[] {
  return [
    { title: "WHO", value: (peer) => plainLine(nameOf(peer)) },
    { title: "TITLE", value: ({ title }) => plainLine(title ?? ""), importance: 3 },
    { title: "ID", value: ({ id }) => id, importance: 4 },
    { title: "KIND", value: ({ kind }) => kind, importance: 3 },
    {
      title: "IS",
      value: ({ standing }) => standing,
      tone: ({ standing }) => (standing === "refused" ? "dim" : "good"),
    },
    {
      title: "DROPPED",
      value: ({ refusedCount }) => `${refusedCount}`,
      alignRight: true,
      importance: 2,
      label: "dropped",
    },
    { title: "LAST SEEN", value: ({ seenAt }) => (seenAt === null ? "never" : relativeTime(seenAt, nowMs)) },
  ];
}
