import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ImapFlow } from "imapflow";
import { openPeeps } from "./open-peeps.fixture.ts";
import { runPeeps } from "./run-peeps.fixture.ts";
import type { MessageItem } from "./messages/source-message.ts";
import { watchMailboxes, type MailPlace } from "./messages/watch-mailboxes.ts";
import { findProgram, putDav, startDovecot, startRadicale } from "@roost/sources/testing";

const dovecot = findProgram("dovecot", "/usr/sbin/dovecot");
const radicale = findProgram("radicale");

const mail = (id: string, text: string): string =>
  `From: Ida <ida@example.org>\r\nTo: me@example.org\r\nDate: Fri, 2 Jan 2026 10:00:00 +0000\r\nMessage-ID: <${id}@example.org>\r\nSubject: ${text}\r\n\r\n${text}\r\n`;

test(
  "watchMailboxes() reads a real IMAP server on by UID, through its restart and a new UIDVALIDITY",
  { skip: dovecot === undefined && "needs dovecot (Debian: dovecot-imapd)" },
  async (t) => {
    const server = await startDovecot(t, dovecot ?? "");
    const login = { host: "127.0.0.1", port: server.port, user: "me@example.org", isSecure: false, password: "secret" };
    const append = async (mailbox: string, ...messages: string[]) => {
      await using writer = await logIn(login);
      for (const message of messages) await writer.client.append(mailbox, message);
    };
    await append("INBOX", mail("1", "one"), mail("2", "two"));
    await append("Sent", mail("3", "mine").replace("From: Ida <ida@example.org>", "From: me@example.org"));

    let kept: MailPlace = {};
    const taken: string[] = [];
    /** Reads on until so many were taken in all. */
    const readUntil = async (count: number, options: { failAt?: number; password?: string } = {}) => {
      const stop = new AbortController();
      await watchMailboxes({
        server: { ...login, password: options.password ?? "secret" },
        mailboxes: [],
        own: new Set(["me@example.org"]),
        place: kept,
        signal: AbortSignal.any([stop.signal, AbortSignal.timeout(60_000)]),
        onLost: () => undefined,
        pollMs: 3_600_000,
        take: async (items, place) => {
          taken.push(...textsOf(items));
          kept = place;
          if (taken.length >= count && items.length === 0) stop.abort();
        },
      });
      assert.equal(taken.length, count, JSON.stringify(taken));
    };
    await readUntil(3);
    assert.deepEqual(taken.toSorted(), ["mine", "one", "two"]);
    // Goes on after what was read, and hears of what comes by IDLE: it would look an hour later.
    const waiting = readUntil(4);
    await server.restart();
    await append("INBOX", mail("4", "four"));
    await waiting;
    await assert.rejects(readUntil(9, { password: "wrong" }), {
      code: "forbidden",
      message: /refuses the login of me@example.org/,
    });

    await using writer = await logIn(login);
    await writer.client.mailboxCreate("Old");
    await writer.client.append("Old", mail("5", "five"));
    await assert.rejects(
      watchMailboxes({
        server: login,
        own: new Set(),
        place: {},
        mailboxes: ["Gone"],
        signal: AbortSignal.timeout(60_000),
        onLost: () => undefined,
        take: async () => undefined,
      }),
      { code: "not_found", message: /no mailbox Gone/ },
    );
    // A place under another UIDVALIDITY is not believed.
    kept = { ...kept, INBOX: { validity: "1", uid: 99_999 } };
    await readUntil(taken.length + 3);
    assert.deepEqual(taken.slice(-3).toSorted(), ["four", "one", "two"]);
  },
);

function textsOf(items: readonly MessageItem[]): string[] {
  return items.flatMap((item) => ("message" in item ? [item.message.text] : []));
}

async function logIn({ host, port, user, password }: { host: string; port: number; user: string; password: string }) {
  const client = new ImapFlow({ host, port, secure: false, auth: { user, pass: password }, logger: false });
  await client.connect();
  return { client, [Symbol.asyncDispose]: async () => await client.logout() };
}

test(
  "roost peeps import reads the address books of a real CardDAV server once",
  { skip: radicale === undefined && "needs radicale (PyPI: radicale)" },
  async (t) => {
    const server = await startRadicale(t, radicale ?? "");
    const origin = `http://127.0.0.1:${server.port}`;
    const put = async (path: string, method: string, body: string, type: string) =>
      await putDav(server, path, { method, body, type });
    const book = `<mkcol xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><set><prop><resourcetype><collection/><C:addressbook/></resourcetype><displayname>Friends</displayname></prop></set></mkcol>`;
    await put("/ida/friends/", "MKCOL", book, "application/xml");
    const people = 230;
    for (let index = 0; index < people; index += 1)
      await put(
        `/ida/friends/${index}.vcf`,
        "PUT",
        `BEGIN:VCARD\r\nVERSION:3.0\r\nUID:u${index}\r\nFN:Friend ${index}\r\nN:;Friend ${index};;;\r\nEMAIL:f${index}@example.org\r\nEND:VCARD\r\n`,
        "text/vcard",
      );
    await using peeps = await openPeeps();
    const secret = join(server.directory, "secret");
    writeFileSync(secret, "secret\n");
    const args = ["import", `${origin}/`, "--user", "ida", "--secret", `file:${secret}`];
    assert.match(await runPeeps(peeps, ...args), new RegExp(`^${people} added, 0 changed, 0 unchanged`));
    assert.match(await runPeeps(peeps, ...args), new RegExp(`^0 added, 0 changed, ${people} unchanged`));
    await put(
      `/ida/friends/7.vcf`,
      "PUT",
      "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:u7\r\nFN:Friend Seven\r\nN:;Friend Seven;;;\r\nEMAIL:f7@example.org\r\nEND:VCARD\r\n",
      "text/vcard",
    );
    assert.match(await runPeeps(peeps, ...args), new RegExp(`^0 added, 1 changed, ${people - 1} unchanged`));
    writeFileSync(secret, "wrong\n");
    await assert.rejects(runPeeps(peeps, ...args), { code: "forbidden" });
  },
);
