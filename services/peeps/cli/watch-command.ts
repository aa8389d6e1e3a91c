/** `roost peeps watch imessage|mail|signal`: hands messages over as they come, as long as it runs. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { homedir, hostname } from "node:os";
import { join } from "node:path";
import { isJsonObject, jsonObjectOf, type JsonObject } from "@roost/base";
import { resolveSecret } from "@roost/memory/settings";
import type { ServiceCli } from "@roost/service/cli";
import { readMailServer } from "@roost/sources";
import type { MailServer } from "@roost/sources/mailboxes";
import type { Command } from "commander";
import { peepsContract } from "../contract.ts";
import { openChatDb } from "../imessage/open-chat-db.ts";
import { watchChatDb, type ChatPlace } from "../imessage/watch-chat-db.ts";
import type { MessageItem } from "../messages/source-message.ts";
import type { MailPlace } from "../messages/watch-mailboxes.ts";
import { watchSignal, type SignalAddress } from "../messages/watch-signal.ts";
import { ownAddresses } from "./import-commands.ts";
import { sendMessages } from "./send-messages.ts";

interface WatchOptions {
  name: string;
  once?: true;
  install?: true;
  uninstall?: true;
}

export function addWatchCommand(peeps: Command, cli: ServiceCli): void {
  const watch = peeps
    .command("watch")
    .summary("take messages as they come")
    .description(
      "Hands messages over as they come, until it is stopped; it goes on where it was, and takes each once. With --install it runs from every login on, by launchd or systemd.",
    );
  const add = (source: string, summary: string, description: string): Command =>
    watch
      .command(source)
      .summary(summary)
      .description(description)
      .option("--once", "read what there is, and end")
      .option("--install", "run it from now and from every login on")
      .option("--uninstall", "run it no more");
  add(
    "imessage",
    "macOS Messages",
    "Reads Messages' chat.db and writes nothing to it. On a Mac the program that runs this needs Full Disk Access.",
  )
    .option("--db <path>", "of chat.db", join(homedir(), "Library/Messages/chat.db"))
    .option("--name <name>", "of this watch: one for each chat.db", hostname())
    .action(async (options: WatchOptions & { db: string }) => await watchMessages(cli, options));
  add(
    "mail",
    "mailboxes of an IMAP server",
    "Reads mailboxes of an IMAP server and changes nothing there: INBOX and what was sent, or those that are named.",
  )
    .argument("<url>", "imaps://me%40example.org@mail.example.org; imap:// begins with STARTTLS")
    .requiredOption("--secret <reference>", "where the password is: env:NAME or file:PATH")
    .option("--mailbox <name...>", "mailboxes")
    .option("--me <addresses>", "your own addresses, with commas between (default: the user)")
    .option("--ca <file>", "certificates of a server of your own, PEM")
    .action(async (url: string, options: MailOptions) => await watchMail(cli, url, options));
  add(
    "signal",
    "a running signal-cli",
    "Reads a running signal-cli: signal-cli -a NUMBER daemon --tcp --receive-mode manual.",
  )
    .argument("<address>", "host:port, or the path of its socket")
    .requiredOption("--account <number>", "your own number")
    .action(async (address: string, options: WatchOptions & { account: string }) => {
      const { account } = options;
      const words = [address, "--account", account];
      await watchSource(
        cli,
        { ...options, source: "signal", name: account, words },
        async ({ take, onLost, signal }) => {
          const place = {};
          const taken = async (items: MessageItem[]) => await take(items, place, 0);
          await watchSignal({ address: signalAddress(address), account, take: taken, onLost, signal });
        },
      );
    });
}

async function watchMessages(cli: ServiceCli, { db, ...options }: WatchOptions & { db: string }): Promise<void> {
  const words = ["--db", db, "--name", options.name];
  // Permission to read is checked now, in sight of the person, not by a program in the background.
  if (options.install === true) openChatDb(db)[Symbol.dispose]();
  await watchSource(cli, { ...options, source: "imessage", words }, async ({ place, take, signal }) => {
    const from = place === undefined ? undefined : chatPlaceOf(place);
    const taken = async (items: MessageItem[], reached: ChatPlace, left: number) =>
      await take(items, { ...reached }, left);
    await watchChatDb({ path: db, place: from, clock: cli.clock, signal, take: taken });
  });
}

interface MailOptions extends WatchOptions {
  secret: string;
  mailbox?: string[];
  me?: string;
  ca?: string;
}

async function watchMail(cli: ServiceCli, url: string, options: MailOptions): Promise<void> {
  const { host, port, user, isSecure } = readMailServer(url);
  const { secret, mailbox: mailboxes = [], me = user, ca } = options;
  const own = ownAddresses({ me });
  const name = `${user}@${host}`.slice(0, 60);
  const words = [url, "--secret", secret, "--me", me, ...(ca === undefined ? [] : ["--ca", ca])];
  if (mailboxes.length > 0) words.push("--mailbox", ...mailboxes);
  const server: MailServer = {
    host,
    port,
    user,
    isSecure,
    password: await resolveSecret(secret, cli.secrets),
    ca: ca === undefined ? undefined : await readFile(ca, "utf8"),
  };
  await watchSource(cli, { ...options, name, source: "mail", words }, async ({ place, take, onLost, signal }) => {
    // Its client of IMAP takes longer to load than other commands take to run.
    const { watchMailboxes } = await import("../messages/watch-mailboxes.ts");
    await watchMailboxes({ server, mailboxes, own, place: mailPlaceOf(place), take, onLost, signal });
  });
}

interface Session {
  place: JsonObject | undefined;
  /** Hands messages over, then keeps the place: at worst a batch is handed over once more, and taken once. */
  take: (items: MessageItem[], place: JsonObject, left: number) => Promise<void>;
  onLost: (reason: string) => void;
  signal: AbortSignal;
}

interface WatchedSource extends WatchOptions {
  source: "imessage" | "mail" | "signal";
  /** With which it is started at login. */
  words: readonly string[];
}

async function watchSource(
  cli: ServiceCli,
  { source, name, words, once, install, uninstall }: WatchedSource,
  run: (session: Session) => Promise<void>,
): Promise<void> {
  const { terminal, clock } = cli;
  // Two mailboxes are two programs.
  const purpose = `watch-${source}-${createHash("sha256").update(name).digest("hex").slice(0, 8)}`;
  if (install === true) return await installWatch(cli, purpose, ["peeps", "watch", source, ...words]);
  if (uninstall === true) {
    const removed = await cli.stopAtLogin(purpose);
    if (terminal.isJson) return terminal.json({ removed });
    return terminal.line(removed ? "It runs no more" : "It was not installed");
  }
  const client = await cli.connect(peepsContract);
  const { watch } = await client.readWatch({ source, name });
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
  let taken = 0;
  try {
    await run({
      place: isJsonObject(watch?.place) ? watch.place : undefined,
      signal: stop.signal,
      onLost: (reason) => terminal.note(`The connection is lost (${reason}); it is opened again`),
      async take(items, place, left) {
        const messages = await sendMessages(cli, items);
        const last = items.findLast((item) => "message" in item)?.message.sentAt;
        const lagMs = left === 0 || last === undefined ? 0 : Math.max(0, clock.nowMs() - Date.parse(last));
        await client.receiveMessages({ watch: { source, name, place, lagMs } });
        taken += messages.added + messages.changed;
        if (messages.added + messages.changed > 0) terminal.note(`${taken} messages`);
        for (const { file, reason } of messages.faults) terminal.note([file, reason].filter(Boolean).join(": "));
        if (once === true && left === 0 && items.length === 0) stop.abort();
      },
    });
  } finally {
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
  }
  if (terminal.isJson) terminal.json({ taken });
}

async function installWatch(cli: ServiceCli, purpose: string, words: readonly string[]): Promise<void> {
  const { terminal } = cli;
  const { file, text, trouble } = await cli.startAtLogin(purpose, words);
  if (terminal.isJson) return terminal.json({ file, text, trouble: trouble ?? null });
  if (trouble === undefined) return terminal.line(`Installed ${file}`);
  terminal.note(`Nothing was installed (${trouble}). This belongs into ${file}:`);
  terminal.write(text);
}

function signalAddress(text: string): SignalAddress {
  const [, host, port] = /^(?:tcp:\/\/)?([^/]+):(\d{1,5})$/.exec(text) ?? [];
  return host === undefined ? { path: text.replace(/^unix:(?:\/\/)?/, "") } : { host, port: Number(port) };
}

function mailPlaceOf(place: JsonObject | undefined): MailPlace {
  return Object.fromEntries(
    Object.entries(place ?? {}).flatMap(([name, value]) => {
      const { validity, uid } = jsonObjectOf(value);
      return typeof validity === "string" && typeof uid === "number" ? [[name, { validity, uid }]] : [];
    }),
  );
}

/** Undefined: it is not a place; then everything is read again, and taken once. */
function chatPlaceOf({ inode, row, changedMs, waiting }: JsonObject): ChatPlace | undefined {
  if (typeof inode !== "number" || typeof row !== "number" || typeof changedMs !== "number") return undefined;
  return {
    inode,
    row,
    changedMs,
    waiting: Array.isArray(waiting) ? waiting.filter((one) => typeof one === "number") : [],
  };
}
