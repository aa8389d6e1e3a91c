/** `roost peeps import|export`: books of contacts and exports of messages, told apart by what stands in them. */
import { createReadStream } from "node:fs";
import { open, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { RoostError, timeZoneOf } from "@roost/base";
import type { OutputOf } from "@roost/contract";
import { resolveSecret } from "@roost/memory/settings";
import type { ServiceCli } from "@roost/service/cli";
import { Option, type Command } from "commander";
import { readAddressBooks } from "../carddav/read-address-books.ts";
import { partBytesMax, splitCards, type CardPart } from "../cards/split-cards.ts";
import { peepsContract } from "../contract.ts";
import { personLimits } from "../contract/limits.ts";
import type { importContacts } from "../contract/messages.ts";
import type { DateOrder } from "../contacts/date-order.ts";
import { isSeparator, readMail, splitMbox } from "../messages/mail.ts";
import { readSlack, type SlackFile } from "../messages/slack.ts";
import type { MessageItem } from "../messages/source-message.ts";
import { readZip } from "../messages/read-zip.ts";
import { readTelegram } from "../messages/telegram.ts";
import { readWhatsApp } from "../messages/whatsapp.ts";
import { decodeText } from "../text/decode-text.ts";
import { sendMessages } from "./send-messages.ts";

type ImportedContacts = OutputOf<typeof importContacts>;

/** A book of 50,000 cards takes minutes on a slow server. */
const serverMsMax = 30 * 60_000;

interface ImportOptions {
  name?: string;
  region?: string;
  me?: string;
  dateOrder?: DateOrder;
  title?: string;
  user?: string;
  secret?: string | undefined;
}

export function addImportCommands(peeps: Command, cli: ServiceCli): void {
  const { terminal } = cli;
  peeps
    .command("import")
    .summary("read contacts or messages")
    .description(
      "Reads vCards (a file, or the address books of a CardDAV server), CSV of Google or Outlook, Monica's JSON; or chats of WhatsApp (.zip or .txt), Telegram (result.json), Slack (.zip or its folder), mail (.mbox, .eml, a Maildir). Reading twice changes nothing.",
    )
    .argument("<path>", "file, folder, or the https address of a CardDAV server")
    .option("--user <name>", "on the CardDAV server")
    .option("--secret <reference>", "where the password is: env:NAME or file:PATH")
    .option("--name <name>", "of the book of contacts (default: contacts)")
    .option("--region <country>", "of numbers without a country code, as in SE")
    .option("--me <who>", "who you are in an export of messages: a name, id, or your addresses with commas between")
    .option("--title <name>", "of a WhatsApp chat (default: from the file's name)")
    .option("--date-order <order>", "day-first or month-first, where a WhatsApp chat leaves it open")
    .action(async (path: string, options: ImportOptions) => {
      const items = isServer(path) ? undefined : await openMessages(cli, path, options);
      const done = items === undefined ? await importBooks(cli, path, options) : await sendMessages(cli, items);
      if (terminal.isJson) return terminal.json(done);
      const counts = Object.entries(done).flatMap(([name, value]) =>
        typeof value === "number" ? [`${value} ${value === 1 ? name.replace(/s$/, "") : name}`] : [],
      );
      terminal.line(counts.join(", "));
      for (const { line, reason } of done.faults) terminal.note(`${path}${line == null ? "" : `:${line}`} ${reason}`);
    });
  peeps
    .command("export")
    .summary("write all people as vCards or CSV")
    .description("Writes all people as vCard 4.0 with pictures, or as CSV in Google's columns.")
    .argument("[file]", "default: standard output")
    .addOption(
      new Option("--format <format>", "default: by the file's name, else vcard").choices(["vcard", "csv"] as const),
    )
    .action(async (file: string | undefined, options: { format?: "vcard" | "csv" }) => {
      const client = await cli.connect(peepsContract);
      const format = options.format ?? (file?.toLowerCase().endsWith(".csv") === true ? "csv" : "vcard");
      // Parts follow until an empty one; the last id of each leads to the next.
      const lastId = format === "csv" ? /,([0-9a-f-]{36})\r$/gm : /^UID:([0-9a-f-]{36})\r?$/gm;
      const parts: Buffer[] = [];
      let after: string | undefined;
      for (;;) {
        const bytes = Buffer.from((await client.exportContacts({ after, format })).bytes);
        const last = [...bytes.toString().matchAll(lastId)].at(-1)?.[1];
        if (last !== undefined || after === undefined) parts.push(bytes);
        if (last === undefined) break;
        after = last;
      }
      const all = Buffer.concat(parts);
      if (file === undefined) terminal.write(all.toString());
      else {
        await writeFile(file, all, { mode: 0o600 });
        terminal.note(`Written to ${file}`);
      }
    });
}

function isServer(path: string): boolean {
  return /^https?:\/\//.test(path);
}

async function importBooks(cli: ServiceCli, path: string, options: ImportOptions): Promise<ImportedContacts> {
  const client = await cli.connect(peepsContract);
  using _progress = cli.terminal.progress(`Reading ${path}`);
  const { name, region } = options;
  const done: ImportedContacts = { added: 0, changed: 0, unchanged: 0, suggestions: 0, refused: 0, faults: [] };
  const parts = isServer(path)
    ? readServer(cli, path, options)
    : splitCards(new Uint8Array(await readFile(path)), partBytesMax);
  for await (const { book, cards, line } of parts) {
    const file = { mediaType: "application/octet-stream", bytes: cards };
    const part = await client.importContacts({ book: file, name: name ?? book, region });
    for (const count of ["added", "changed", "unchanged", "suggestions", "refused"] as const)
      done[count] += part[count];
    done.faults.push(
      ...part.faults.map((fault) => ({ ...fault, line: fault.line === null ? null : fault.line + line })),
    );
  }
  return done;
}

async function* readServer(cli: ServiceCli, url: string, { user, secret }: ImportOptions): AsyncGenerator<CardPart> {
  if (user === undefined || secret === undefined)
    throw new RoostError("invalid_input", "give --user, and --secret for where the password is: env:NAME or file:PATH");
  const password = await resolveSecret(secret, cli.secrets);
  const signal = AbortSignal.timeout(serverMsMax);
  for await (const { book, cards } of readAddressBooks({ url, user, password }, { signal }))
    yield { book: bookName(url, book), cards, line: 0 };
}

/** Cards of the same name and key are the same: a book keeps its name. */
function bookName(server: string, book: string): string {
  const name = `${new URL(server).host}/${book}`;
  return name.length <= personLimits.labelMax ? name : `…${name.slice(1 - personLimits.labelMax)}`;
}

/** Undefined: it is no export of messages. */
async function openMessages(
  cli: ServiceCli,
  path: string,
  options: ImportOptions,
): Promise<Iterable<MessageItem> | AsyncIterable<MessageItem> | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw new RoostError("not_found", `there is no ${path}`);
  if (found.isDirectory()) return await openFolder(path, options);
  const name = basename(path).toLowerCase();
  if (name.endsWith(".eml") || isSeparator(await readHead(path))) return readMails(path, ownAddresses(options));
  if (!/\.(?:json|txt|zip)$/.test(name)) return undefined;
  if (name.endsWith(".zip")) return await openZip(cli, path, options);
  const text = decodeText(await readFile(path));
  if (name.endsWith(".json")) {
    const isTelegram = /"(?:messages|chats|personal_information)"\s*:/.test(text.slice(0, 4096));
    return isTelegram ? readTelegram(text, { ownerId: options.me }) : undefined;
  }
  return await openChat(cli, { text, file: basename(path) }, options);
}

/** Mail programs call an mbox as they like: `Sent`, `INBOX`, `mbox`. */
async function readHead(path: string): Promise<Buffer> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(200), 0, 200, 0);
  return buffer.subarray(0, bytesRead);
}

/** What WhatsApp and Slack hand out as they hand it out. */
async function openZip(cli: ServiceCli, path: string, options: ImportOptions): Promise<Iterable<MessageItem>> {
  const texts = await readZip(path, (name) =>
    /(?:^|\/)(?:[^/]+\.json|_chat\.txt|[^/]*WhatsApp[^/]*\.txt)$/i.test(name),
  );
  const users = texts.find(({ path: name }) => /^(?:[^/]+\/)?users\.json$/.test(name));
  if (users !== undefined) {
    const folder = users.path.slice(0, -"users.json".length);
    const inside = texts.filter(({ path: name }) => name.startsWith(folder));
    return openSlack(
      inside.map(({ path: name, bytes }) => ({ path: name.slice(folder.length), read: () => bytes.toString() })),
      options,
    );
  }
  const [chat, ...more] = texts.filter(({ path: name }) => name.toLowerCase().endsWith(".txt"));
  if (chat === undefined || more.length > 0)
    throw new RoostError("invalid_input", `${path} is no export of WhatsApp (one chat as .txt) or Slack (users.json)`);
  // Phones call the chat after the zip or after the text.
  const file = basename(chat.path) === "_chat.txt" ? basename(path) : basename(chat.path);
  return await openChat(cli, { text: decodeText(chat.bytes), file }, options);
}

async function openChat(
  cli: ServiceCli,
  { text, file }: { text: string; file: string },
  { title, me, dateOrder }: ImportOptions,
): Promise<Iterable<MessageItem>> {
  const named = file.replace(/\.(?:txt|zip)$/i, "").replace(/^WhatsApp Chat (?:with|-) /i, "");
  const zone = timeZoneOf(await cli.readZone());
  const { messages } = readWhatsApp(text, { zone, title: title ?? named, ownerName: me, dateOrder });
  return messages.map((message) => ({ message }));
}

async function openFolder(
  path: string,
  options: ImportOptions,
): Promise<Iterable<MessageItem> | AsyncIterable<MessageItem>> {
  const entries = await readdir(path);
  if (entries.includes("cur") && entries.includes("new")) return readMaildir(path, ownAddresses(options));
  // Apple's Mail exports a folder with one file.
  if (entries.includes("mbox")) return readMails(join(path, "mbox"), ownAddresses(options));
  if (!entries.includes("users.json"))
    throw new RoostError(
      "invalid_input",
      `${path} is neither an unpacked Slack export (users.json) nor a Maildir (cur, new), nor a mailbox of Apple's Mail (mbox)`,
    );
  const files = await readdir(path, { recursive: true, withFileTypes: true });
  const slack = await Promise.all(
    files
      .filter((entry) => entry.isFile() && entry.name.endsWith(".json"))
      .map(async (entry): Promise<SlackFile> => {
        const file = join(entry.parentPath, entry.name);
        const text = await readFile(file, "utf8");
        return { path: relative(path, file), read: () => text };
      }),
  );
  return openSlack(slack, options);
}

function openSlack(files: SlackFile[], { me }: ImportOptions): Iterable<MessageItem> {
  if (me === undefined) throw new RoostError("invalid_input", "give --me: your id, name or e-mail in Slack");
  const inOrder = files.toSorted((one, other) => (one.path < other.path ? -1 : 1));
  return readSlack(inOrder, { owner: me });
}

export function ownAddresses({ me }: { me?: string }): ReadonlySet<string> {
  const addresses = (me ?? "").split(",").map((address) => address.trim().toLowerCase());
  if (!addresses.some((address) => address.includes("@")))
    throw new RoostError("invalid_input", "give --me: your own addresses, with commas between them");
  return new Set(addresses);
}

async function* readMails(path: string, own: ReadonlySet<string>): AsyncGenerator<MessageItem> {
  if (path.toLowerCase().endsWith(".eml")) yield await readMail(await readFile(path), { own });
  else for await (const { bytes } of splitMbox(createReadStream(path))) yield await readMail(bytes, { own });
}

async function* readMaildir(path: string, own: ReadonlySet<string>): AsyncGenerator<MessageItem> {
  for (const folder of ["cur", "new"]) {
    const entries = await readdir(join(path, folder), { withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
    for (const name of files.sort()) yield await readMail(await readFile(join(path, folder, name)), { own });
  }
}
