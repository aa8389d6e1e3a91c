/** A mail server within the test's process, whose mailboxes the test holds, and which misbehaves on demand. Speaks what a look asks of it. */
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import type { MailServer } from "../mail/open-mailboxes.ts";

export interface ScriptedMail {
  text: string;
  /** When it came there. */
  at?: Date;
  /** The server does not give it. */
  isBroken?: boolean;
}

export interface ScriptedMailbox {
  validity: number;
  uidNext: number;
  mails: Map<number, ScriptedMail>;
}

export interface ScriptedImap extends AsyncDisposable {
  login: MailServer;
  mailboxes: Record<string, ScriptedMailbox>;
  /** Adds one under the next number. */
  add(text: string, options?: { at?: Date; mailbox?: string }): void;
  /** Answers a command itself; undefined: as a mail server would. */
  answer: (command: string, write: (text: string) => void) => string | undefined;
  commands: string[];
}

export async function startScriptedImap(): Promise<ScriptedImap> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => undefined).on("close", () => sockets.delete(socket)));
    serve(socket, imap);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const imap: ScriptedImap = {
    login: { host: "127.0.0.1", port, user: "eva", isSecure: false, password: "secret" },
    mailboxes: { INBOX: { validity: 1, uidNext: 1, mails: new Map() } },
    commands: [],
    add(text, { at, mailbox = "INBOX" } = {}) {
      const box = imap.mailboxes[mailbox]!;
      box.mails.set(box.uidNext, { text, ...(at && { at }) });
      box.uidNext += 1;
    },
    answer: () => undefined,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
  return imap;
}

function serve(socket: Socket, imap: ScriptedImap): void {
  const write = (text: string) => socket.write(Buffer.from(text, "latin1"));
  let open: ScriptedMailbox | undefined;
  let pending = "";
  write("* OK [CAPABILITY IMAP4rev1] ready\r\n");
  socket.on("data", (bytes) => {
    const lines = (pending + bytes.toString("latin1")).split("\r\n");
    pending = lines.pop() ?? "";
    for (const line of lines) {
      const [tag = "", ...words] = line.split(" ");
      const command = words.join(" ");
      imap.commands.push(command);
      const [, name] = /^(?:EXAMINE|SELECT) "?([^"]*)"?/.exec(command) ?? [];
      if (name !== undefined) open = imap.mailboxes[name];
      const own = imap.answer(command, write);
      write(own === undefined ? answerTo(command, open, imap, tag) : own.replaceAll("TAG", tag));
      if (command === "LOGOUT" && own === undefined) socket.end();
    }
  });
}

function answerTo(
  command: string,
  open: ScriptedMailbox | undefined,
  { mailboxes }: ScriptedImap,
  tag: string,
): string {
  const done = `${tag} OK done\r\n`;
  if (command.startsWith("CAPABILITY")) return `* CAPABILITY IMAP4rev1\r\n${done}`;
  if (command === 'LIST "" ""') return `* LIST (\\Noselect) "/" ""\r\n${done}`;
  if (command.startsWith("LIST"))
    return `${Object.keys(mailboxes)
      .map((name) => `* LIST () "/" "${name}"\r\n`)
      .join("")}${done}`;
  if (/^(EXAMINE|SELECT)/.test(command)) {
    if (open === undefined) return `${tag} NO there is none\r\n`;
    const { validity, uidNext, mails } = open;
    return `* ${mails.size} EXISTS\r\n* OK [UIDVALIDITY ${validity}] ok\r\n* OK [UIDNEXT ${uidNext}] ok\r\n${tag} OK [READ-ONLY] done\r\n`;
  }
  if (command.startsWith("UID SEARCH")) return `* SEARCH ${found(command, open).join(" ")}\r\n${done}`;
  if (/^(UID )?FETCH/.test(command)) return fetched(command, open, tag);
  if (command.startsWith("LOGOUT")) return `* BYE\r\n${done}`;
  return done;
}

function found(command: string, box: ScriptedMailbox | undefined): number[] {
  const uids = [...(box?.mails.keys() ?? [])].sort((a, b) => a - b);
  const newest = uids.at(-1) ?? 0;
  const [, first = "1", last] = /UID (\d+|\*)(?::(\d+|\*))?/.exec(command) ?? [];
  const bounds = [first, last ?? first].map((bound) => (bound === "*" ? newest : Number(bound)));
  const since = Date.parse(/SINCE (\S+)/.exec(command)?.[1] ?? "");
  return uids.filter((uid) => {
    const at = box?.mails.get(uid)?.at?.getTime() ?? Number.POSITIVE_INFINITY;
    return uid >= Math.min(...bounds) && uid <= Math.max(...bounds) && !(at < since);
  });
}

function fetched(command: string, box: ScriptedMailbox | undefined, tag: string): string {
  const [, by, range = ""] = /^(UID )?FETCH (\S+)/.exec(command) ?? [];
  const numbers = range.split(",").flatMap((part) => {
    const [first = 0, last = first] = part.split(":").map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
  const all = [...(box?.mails.keys() ?? [])].sort((a, b) => a - b);
  const uids = by === undefined ? numbers.map((number) => all[number - 1]!) : numbers;
  let text = "";
  for (const uid of uids) {
    const mail = box?.mails.get(uid);
    if (mail === undefined) continue;
    if (mail.isBroken === true) return `${text}${tag} NO that mail cannot be read\r\n`;
    const at = (mail.at ?? new Date()).toUTCString().replace(/^..., (\d+) (\S+) (\d+) (\S+) GMT$/, "$1-$2-$3 $4 +0000");
    const [, bytesMax = "0"] = /<0\.(\d+)>/.exec(command) ?? [];
    const bytes = Buffer.from(mail.text).toString("latin1").slice(0, Number(bytesMax));
    text += `* ${uid} FETCH (UID ${uid} INTERNALDATE "${at}" BODY[]<0> {${bytes.length}}\r\n${bytes})\r\n`;
  }
  return `${text}${tag} OK done\r\n`;
}
