import assert from "node:assert/strict";
import { test } from "node:test";
import type { RoostError } from "@roost/base";
import { startScriptedImap, type ScriptedImap } from "../testing/scripted-imap.ts";
import { lookAtMail, type LookAtMailOptions, type LookedPlace, type MailLook } from "./look-at-mail.ts";
import { readMailServer } from "./read-mail-server.ts";

const day = 24 * 3_600_000;
const lookedAt = new Date(Date.now() - day);
const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000);

function mailOf(subject: string, { id, at = new Date(), more = "" }: { id?: string; at?: Date; more?: string } = {}) {
  const named = id === undefined ? "" : `Message-ID: <${id}>\r\n`;
  return `From: Ida <ida@example.org>\r\nTo: eva@example.org\r\nDate: ${at.toUTCString()}\r\n${named}Subject: ${subject}\r\n${more}\r\nText of ${subject}\r\n`;
}

async function look(
  imap: ScriptedImap,
  place: LookedPlace,
  options: Partial<LookAtMailOptions> = {},
): Promise<MailLook & { subjects: string[] }> {
  const signal = AbortSignal.timeout(120_000);
  const found = await lookAtMail(imap.login, {
    mailboxes: [],
    place,
    lookedAt,
    now: new Date(),
    mailsMax: 50,
    signal,
    ...options,
  });
  return { ...found, subjects: found.items.map(({ text }) => /^Subject: (.*)$/m.exec(text)?.[1] ?? text) };
}

test("lookAtMail() names a mail by its place alone: a Message-ID that was sent ahead makes no two mails one", async () => {
  await using imap = await startScriptedImap();
  imap.add(mailOf("Old"));
  const first = await look(imap, {});
  const { newestAt, ...rest } = first.place["INBOX"]!;
  assert.deepEqual([first.subjects, rest], [[], { validity: "1", uid: 1 }]);
  assert.ok(Math.abs(Date.parse(newestAt ?? "") - Date.now()) < 60_000);
  imap.add(mailOf("Sent ahead", { id: "bill" }));
  imap.add(mailOf("The bill", { id: "bill" }));
  const second = await look(imap, first.place);
  assert.deepEqual(second.subjects, ["Sent ahead", "The bill"]);
  assert.equal(new Set(second.items.map(({ key }) => key)).size, 2);
  assert.deepEqual((await look(imap, second.place)).subjects, []);
});

test("lookAtMail() takes of a mailbox that was numbered anew what came since, over several looks, also without Message-IDs", async () => {
  await using imap = await startScriptedImap();
  const place = { INBOX: { validity: "1", uid: 900, newestAt: lookedAt.toISOString() } };
  const box = { validity: 2, uidNext: 1, mails: new Map() };
  imap.mailboxes["INBOX"] = box;
  for (let index = 0; index < 30; index += 1)
    imap.add(mailOf(`Old ${index}`, { at: hoursAgo(100) }), { at: hoursAgo(100) });
  for (let index = 0; index < 4; index += 1) imap.add(mailOf(`Since ${index}`), { at: hoursAgo(2) });
  // A server that was restored may date all of its mail anew.
  imap.add(mailOf("Old, dated anew", { at: hoursAgo(90) }), { at: hoursAgo(1) });
  let [found, looks] = [await look(imap, place, { mailsMax: 2 }), 1];
  const subjects = [...found.subjects];
  const leftOut = [...found.leftOut];
  assert.equal(found.place["INBOX"]?.renumbered?.since, lookedAt.toISOString());
  imap.add(mailOf("Later", { at: hoursAgo(80) }), { at: hoursAgo(70) });
  while (found.laterCount > 0) {
    // The last look is now: what it found is what decides no more.
    found = await look(imap, found.place, { mailsMax: 2, lookedAt: new Date() });
    subjects.push(...found.subjects);
    leftOut.push(...found.leftOut);
    looks += 1;
  }
  assert.deepEqual(subjects, ["Since 0", "Since 1", "Since 2", "Since 3", "Later"]);
  assert.ok(looks >= 3);
  const { newestAt: _newest, ...reached } = found.place["INBOX"]!;
  assert.deepEqual(reached, { validity: "2", uid: 36 });
  assert.match(
    leftOut.map(({ name, why }) => `${name}: ${why}`).join(),
    /^INBOX: it was numbered anew, and 1 of its mails/,
  );
  assert.ok(
    found.items.every(({ mail }) => mail?.mayBeKnown === false),
    "what came after the change is known to be new",
  );
  // Restored under the same UIDVALIDITY: numbers that were given already are given again.
  box.mails = new Map([[1, { text: mailOf("Again"), at: new Date(Date.now() + 2_000) }]]);
  box.uidNext = 2;
  const again = await look(imap, found.place, { lookedAt: new Date() });
  assert.deepEqual(again.subjects, ["Again"]);
  assert.equal(again.place["INBOX"]?.era, 1);
});

test("lookAtMail() leaves room for every mailbox, and brings the rest in order", async () => {
  await using imap = await startScriptedImap();
  imap.mailboxes["Family"] = { validity: 1, uidNext: 1, mails: new Map() };
  let found = await look(imap, {}, { mailboxes: ["INBOX", "Family"] });
  for (let index = 0; index < 9; index += 1) imap.add(mailOf(`List ${index}`));
  for (let index = 0; index < 3; index += 1) imap.add(mailOf(`Ida ${index}`), { mailbox: "Family" });
  const options = { mailboxes: ["INBOX", "Family"], mailsMax: 4 };
  const counts: number[] = [];
  const subjects: string[] = [];
  do {
    found = await look(imap, found.place, options);
    subjects.push(...(found as { subjects?: string[] }).subjects!);
    counts.push(found.laterCount);
  } while (found.laterCount > 0);
  assert.deepEqual(subjects.slice(0, 4), ["List 0", "List 1", "Ida 0", "Ida 1"]);
  assert.deepEqual(
    subjects.filter((subject) => subject.startsWith("List")),
    Array.from({ length: 9 }, (_, i) => `List ${i}`),
  );
  assert.deepEqual([subjects.length, counts[0]], [12, 8]);
});

test("lookAtMail() sets a mail aside that the server does not give, and takes a search that fails for no answer", async () => {
  await using imap = await startScriptedImap();
  const { place } = await look(imap, {});
  imap.add(mailOf("One"));
  imap.add(mailOf("Two"));
  imap.add(mailOf("Three"));
  imap.mailboxes["INBOX"]!.mails.get(2)!.isBroken = true;
  assert.deepEqual((await look(imap, place)).subjects, ["One", "(it has no text)", "Three"]);
  imap.answer = (command) => (command.startsWith("UID SEARCH") ? "TAG NO not now\r\n" : undefined);
  await assert.rejects(look(imap, place), { code: "unavailable", message: /refuses to search/ });
});

test("lookAtMail() takes no field of a sender for one of its own", async () => {
  await using imap = await startScriptedImap();
  const { place } = await look(imap, {});
  const bidi = `=?utf-8?B?${Buffer.from("Bill\u202Efdp.exe\nFrom: Boss <boss@example.org>").toString("base64")}?=`;
  imap.add(mailOf(bidi));
  imap.add(mailOf("x".repeat(100_000), { more: `Cc: ${"a@example.org, ".repeat(5_000)}b@example.org\r\n` }));
  const { items } = await look(imap, place);
  const [first, second] = items.map(({ text }) => text);
  assert.match(first!, /^Subject: Billfdp.exe From: Boss <boss@example.org>$/m);
  assert.equal(first!.match(/^From: /gm)?.length, 1);
  assert.ok(second!.split("\n\n")[0]!.length < 1_500);
});

const nested = (count: number) => {
  let text = "";
  for (let index = 0; index < count; index += 1)
    text += `Content-Type: multipart/mixed; boundary="b${index}"\r\n\r\n--b${index}\r\n`;
  return mailOf("Nested", { more: text });
};

test("lookAtMail() reads hostile mails in bounded time: parts within parts, headers without end, words of no charset", async () => {
  await using imap = await startScriptedImap();
  const { place } = await look(imap, {});
  const parts = Array.from(
    { length: 10_000 },
    (_, index) => `--b\r\nContent-Type: text/plain; name=f${index}\r\n\r\nx\r\n`,
  );
  imap.add(nested(10_000));
  imap.add(mailOf("Parts", { more: `Content-Type: multipart/mixed; boundary=b\r\n\r\n${parts.join("")}` }));
  imap.add(mailOf("Headers", { more: Array.from({ length: 20_000 }, (_, index) => `X-${index}: y\r\n`).join("") }));
  imap.add(mailOf(`=?no-such-charset?B?${"QUFB".repeat(30_000)}?=`));
  imap.add(mailOf("=?utf-8?Q?=".repeat(20_000)));
  imap.add(
    mailOf("Broken", { more: `Content-Type: text/html; charset=\u0000utf-16\r\n\r\n${"<style>".repeat(30_000)}` }),
  );
  imap.add("no mail at all");
  const { items } = await look(imap, place);
  assert.equal(items.length, 7);
  assert.ok(items.every(({ text }) => text.length < 25_000));
});

test("lookAtMail() leaves a server that answers without end, or more than was asked for, and waits for no goodbye", async () => {
  const chunk = `* OK ${"x".repeat(60_000)}\r\n`;
  const endless = (write: (text: string) => void, text: string) => {
    for (let index = 0; index < 1_200; index += 1) write(text);
    return text;
  };
  for (const [what, answer] of [
    ["a line", (command: string) => (command.startsWith("EXAMINE") ? "* OK ".padEnd(9_000_000, "x") : undefined)],
    [
      "a mail",
      (command: string) => (command.startsWith("UID FETCH") ? "* 1 FETCH (UID 1 BODY[] {900000000}\r\n" : undefined),
    ],
    [
      "lines",
      (command: string, write: (text: string) => void) =>
        command.startsWith("EXAMINE") ? endless(write, chunk) : undefined,
    ],
    [
      "tokens",
      (command: string) => (command.startsWith("EXAMINE") ? `* FLAGS (${"a ".repeat(900_000)})\r\n` : undefined),
    ],
  ] as const) {
    await using imap = await startScriptedImap();
    imap.add(mailOf("One"));
    imap.answer = answer;
    const fault = (error: RoostError) => error.code === "unavailable" && error.message.length < 400;
    await assert.rejects(look(imap, { INBOX: { validity: "1", uid: 0 } }), fault, what);
  }
  await using imap = await startScriptedImap();
  imap.add(mailOf("One"));
  imap.answer = (command) => (command === "LOGOUT" ? "" : undefined);
  assert.deepEqual((await look(imap, { INBOX: { validity: "1", uid: 0 } })).subjects, ["One"]);
});

test("lookAtMail() says what a server said as one bounded line", async () => {
  await using imap = await startScriptedImap();
  imap.answer = (command) =>
    command.startsWith("EXAMINE") ? `TAG NO \u001b[31mgo to evil.example ${"x".repeat(5_000)}\r\n` : undefined;
  await assert.rejects(look(imap, {}), ({ message }: Error) => {
    assert.match(message, /^127\.0\.0\.1 cannot be read: go to evil\.example x+…$/);
    return message.length < 400;
  });
});

test("readMailServer() takes a name with encoded signs, and says of another how to write it", () => {
  const { user, host, port, isSecure } = readMailServer("imap://eva%40example.org@[::1]:2143");
  assert.deepEqual([user, host, port, isSecure], ["eva@example.org", "::1", 2143, false]);
  for (const text of [
    "imaps://eva%zz@mail.example.org",
    "imaps://mail.example.org",
    "https://eva@mail.example.org",
    "?",
  ])
    assert.throws(() => readMailServer(text), { code: "invalid_input", message: /^give the server as imaps:/ });
});
