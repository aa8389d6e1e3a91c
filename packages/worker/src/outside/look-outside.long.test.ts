/** A heartbeat beside a real mail server and a real calendar server. */
import assert from "node:assert/strict";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createMailClient, logIn } from "@roost/sources/mailboxes";
import { findProgram, putDav, startDovecot, startRadicale } from "@roost/sources/testing";
import { assertQuiet, assertRead, beat, injection, mailOf, openLookingHome, textOf } from "../testing/run-beat.ts";

const dovecot = findProgram("dovecot", "/usr/sbin/dovecot");
const radicale = findProgram("radicale");

const stampOf = (ms: number) => new Date(ms).toISOString().replaceAll(/[-:]|\.\d+/g, "");

const eventOf = (uid: string, beginsMs: number, more = "") =>
  `BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//t//\r\nBEGIN:VEVENT\r\nUID:${uid}\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:${stampOf(beginsMs)}\r\nDURATION:PT30M\r\nSUMMARY:Dentist. ${injection}\r\n${more}END:VEVENT\r\nEND:VCALENDAR\r\n`;

test(
  "heartbeat: new mail is one heartbeat with what the quarantined reader says of it; nothing new is no model call",
  { skip: dovecot === undefined && "needs dovecot (Debian: dovecot-imapd)" },
  async (t) => {
    const server = await startDovecot(t, dovecot ?? "");
    const login = {
      host: "127.0.0.1",
      port: server.port,
      user: "eva@example.org",
      isSecure: false,
      password: "secret",
    };
    const writer = createMailClient(login);
    await logIn(writer, login);
    const append = async (id: string, subject: string) => await writer.append("INBOX", mailOf(id, subject));
    await append("0", "Old news");
    await using home = await openLookingHome(
      server,
      { imap: `imap://eva%40example.org@127.0.0.1:${server.port}` },
      "work",
    );
    const first = await beat(home);
    assert.deepEqual([first.requests.length, first.readers.length], [1, 0], "what was there before is not new");
    assertQuiet(await beat(home));
    await append("1", "The boat");
    await append("2", "The boat again");
    const { requests, ...rest } = await beat(home);
    assertRead({ requests, ...rest }, "mail:work");
    assert.match(textOf(requests[0]!), /^- mail:work\/1, sent .*\n- mail:work\/2, sent/m);
    assertQuiet(await beat(home));
    // Nothing was changed there: the mails are as unread as before.
    await writer.mailboxOpen("INBOX");
    assert.deepEqual(await writer.search({ seen: true }), []);
    // The same mail in a mailbox that is numbered anew is the same.
    const { uidValidity } = writer.mailbox as { uidValidity: bigint };
    await writer.logout();
    const folder = join(server.directory, "mail", login.user);
    for (const name of readdirSync(folder))
      if (name.startsWith("dovecot")) rmSync(join(folder, name), { recursive: true });
    await server.restart();
    assertQuiet(await beat(home));
    const [place] = await home.kernel.database.query<{ validity: string }>(
      "select place #>> '{INBOX,validity}' as validity from memory.source",
    );
    assert.notEqual(place?.validity, String(uidValidity));
    const next = createMailClient(login);
    await logIn(next, login);
    await next.append("INBOX", mailOf("3", "After the restart"));
    await next.logout();
    assertRead(await beat(home), "mail:work");

    writeFileSync(join(server.directory, "password"), "wrong\n");
    const failing = await beat(home);
    assert.deepEqual([failing.requests.length, failing.readers.length], [0, 0], "that is the person's business");
    assertQuiet(await beat(home));
    const notices = async () =>
      (
        await home.kernel.database.query<{ text: string }>(
          `select data ->> 'text' as text from roost.event where type = 'notice.raised' and data ->> 'text' like 'Heartbeats %' order by id`,
        )
      ).map(({ text }) => text);
    const [told = "", ...more] = await notices();
    assert.match(told, /cannot look at work: 127.0.0.1 refuses the login of eva@example.org/);
    assert.deepEqual(more, [], "it is told once");
    writeFileSync(join(server.directory, "password"), "secret\n");
    assertQuiet(await beat(home));
    assert.deepEqual((await notices()).slice(1), ["Heartbeats can look at work again"]);
  },
);

test(
  "heartbeat: an event that begins soon is one heartbeat, and one more when it is moved; later ones and nothing are no model call",
  { skip: radicale === undefined && "needs radicale (PyPI: radicale)" },
  async (t) => {
    const server = await startRadicale(t, radicale ?? "");
    const origin = `http://127.0.0.1:${server.port}`;
    const put = async (path: string, method: string, body: string, type: string) =>
      await putDav(server, path, { method, body, type });
    const calendar = `<mkcol xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><set><prop><resourcetype><collection/><C:calendar/></resourcetype><displayname>Mine</displayname></prop></set></mkcol>`;
    await put("/ida/mine/", "MKCOL", calendar, "application/xml");
    const event = async (uid: string, text: string) => await put(`/ida/mine/${uid}.ics`, "PUT", text, "text/calendar");
    const minute = 60_000;
    await event("later", eventOf("later", Date.now() + 300 * minute));
    await using home = await openLookingHome(server, { caldav: `${origin}/`, user: "ida", soon: "1h" }, "home");
    const first = await beat(home);
    assert.deepEqual([first.requests.length, first.readers.length], [1, 0]);
    assertQuiet(await beat(home));
    await event("soon", eventOf("soon", Date.now() + 40 * minute));
    assertRead(await beat(home), "calendar:home");
    assertQuiet(await beat(home));
    await event("soon", eventOf("soon", Date.now() + 50 * minute));
    assertRead(await beat(home), "calendar:home");
    // Daily since last year, and today's is in half an hour.
    await event("daily", eventOf("daily", Date.now() + 30 * minute - 400 * 24 * 60 * minute, "RRULE:FREQ=DAILY\r\n"));
    assertRead(await beat(home), "calendar:home");
    assertQuiet(await beat(home));
  },
);
