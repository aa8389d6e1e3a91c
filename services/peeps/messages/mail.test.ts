import assert from "node:assert/strict";
import { test } from "node:test";
import { mailLimits } from "@roost/sources/mail";
import { isSeparator, readMail, splitMbox } from "./mail.ts";
import type { SourceMessage } from "./source-message.ts";

const own = new Set(["me@example.org"]);

async function only(lines: string[]): Promise<SourceMessage> {
  const item = await readMail(Buffer.from(lines.join("\r\n")), { own });
  return "message" in item ? item.message : assert.fail(JSON.stringify(item));
}

const head = [
  "From: =?utf-8?q?Ida_Bj=C3=B6rk?= <Ida@Example.org>",
  "To: me@example.org, Mats <mats@example.org>",
  "Date: Tue, 14 Nov 2023 23:13:20 +0100",
  "Subject: Re: Fwd: The boat",
  "Message-ID: <3@example.org>",
  "In-Reply-To: <2@example.org>",
  "References: <1@example.org> <2@example.org>",
];

test("readMail() reads sender, thread, text and attachments, and quoted-printable words", async () => {
  const message = await only([
    ...head,
    "MIME-Version: 1.0",
    'Content-Type: multipart/mixed; boundary="x"',
    "",
    "--x",
    "Content-Type: text/plain; charset=iso-8859-1",
    "Content-Transfer-Encoding: quoted-printable",
    "",
    "Sm=F6rg=E5s",
    "--x",
    "Content-Type: application/pdf",
    'Content-Disposition: attachment; filename="plan.pdf"',
    "Content-Transfer-Encoding: base64",
    "",
    "cGxhbg==",
    "--x--",
  ]);
  assert.deepEqual(
    [message.externalId, message.conversation, message.replyTo, message.text, message.sentAt],
    [
      "<3@example.org>",
      { id: "<1@example.org>", title: "The boat", isGroup: true },
      "<2@example.org>",
      "Smörgås",
      "2023-11-14T22:13:20.000Z",
    ],
  );
  assert.deepEqual(message.sender, { kind: "email", value: "ida@example.org", name: "Ida Björk" });
  assert.deepEqual(
    message.participants.map(({ value }) => value),
    ["ida@example.org", "mats@example.org"],
  );
  assert.deepEqual(message.attachments, [{ name: "plan.pdf", mediaType: "application/pdf", bytes: 4 }]);
  assert.equal(message.isAutomatic, false);
});

test("readMail() knows the owner's mails, lists and machines, and takes text from HTML", async () => {
  const sent = await only([
    "From: me@example.org",
    "To: ida@example.org",
    "Date: Tue, 14 Nov 2023 23:13:20 +0100",
    "",
    "Hi",
  ]);
  assert.deepEqual([sent.isFromOwner, sent.sender, sent.conversation.isGroup], [true, undefined, false]);
  const list = await only([
    ...head,
    "List-Id: <news.example.org>",
    "Content-Type: text/html",
    "",
    "<style>p{}</style><p>A &amp; B<br>C</p>",
  ]);
  assert.deepEqual([list.isAutomatic, list.text], [true, "A & B\nC"]);
});

test("readMail() takes the date of the last server where the sender's cannot be read, and tells of a mail without any", async () => {
  const lines = ["From: ida@example.org", "Date: yesterday"];
  const dated = await only(["Received: from a by b; Tue, 14 Nov 2023 22:13:20 +0000", ...lines, "", "x"]);
  assert.equal(dated.sentAt, "2023-11-14T22:13:20.000Z");
  // A date that no record can hold is none: of the year 1200, and of one in ten thousand years.
  for (const date of ["Wed, 1 Jan 1200 00:00:00 +0000", "+012000-01-01T00:00:00Z"]) {
    const beyond = await only([
      "Received: from a by b; Tue, 14 Nov 2023 22:13:20 +0000",
      "From: ida@example.org",
      `Date: ${date}`,
      "",
      "x",
    ]);
    assert.equal(beyond.sentAt, "2023-11-14T22:13:20.000Z");
  }
  assert.deepEqual(await readMail(Buffer.from([...lines, "Subject: Oh", "", "x"].join("\n")), { own }), {
    fault: { reason: 'a mail has no date: "Oh"' },
  });
});

async function mailsOf(file: string, size: number): Promise<{ offset: number; text: string }[]> {
  const bytes = Buffer.from(file);
  const chunks = async function* () {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  };
  const found = [];
  for await (const { offset, bytes: mail } of splitMbox(chunks()))
    found.push({ offset, text: Buffer.from(mail).toString() });
  return found;
}

test("isSeparator() knows an mbox by its first line", () => {
  for (const [head, is] of [
    ["From 17@xxx Tue Nov 14 22:13:20 +0000 2023\r\nSubject: x", true],
    ["From - Tue Nov 14 22:13:20 2023\n", true],
    ["From: ida@example.org\nDate: 14 Nov 2023 22:13:20", false],
    ["", false],
  ] as const)
    assert.equal(isSeparator(Buffer.from(head)), is, head);
});

test("splitMbox() gives the same mails for chunks of any size, and unquotes From", async () => {
  const file =
    "From a@b Tue Nov 14 22:13:20 2023\nSubject: 1\n\nFrom here\n>From there\n>>From far\n\nFrom 123@xxx Tue Nov 14 22:13:20 +0000 2023\r\nSubject: 2\r\n\r\nlast";
  const whole = await mailsOf(file, file.length);
  assert.deepEqual(whole, [
    { offset: 0, text: "Subject: 1\n\nFrom here\nFrom there\n>From far\n\n" },
    { offset: file.indexOf("From 123"), text: "Subject: 2\r\n\r\nlast" },
  ]);
  for (const size of [1, 2, 3, 7, 20]) assert.deepEqual(await mailsOf(file, size), whole, `${size} bytes a chunk`);
});

test("readMail() and splitMbox() hold no more of a mail than the limit", async () => {
  const line = Buffer.from(`${"x".repeat(1023)}\n`);
  const chunks = async function* () {
    yield Buffer.from("From a@b Tue Nov 14 22:13:20 2023\nSubject: large\n\n");
    for (let bytes = 0; bytes < mailLimits.bytesMax + 4096; bytes += 1024 * 256)
      yield Buffer.concat(Array.from({ length: 256 }, () => line));
    yield Buffer.from("\nFrom c@d Tue Nov 14 22:13:20 2023\nFrom: a@b\nDate: Tue, 14 Nov 2023 22:13:20 +0000\n\nsmall");
  };
  const items = [];
  for await (const { bytes } of splitMbox(chunks())) items.push(await readMail(bytes, { own }));
  assert.deepEqual(
    items.map((item) => ("fault" in item ? item.fault.reason : "message" in item && item.message.text)),
    ["a mail of 50 MB is larger than 50 MB", "small"],
  );
});

test("readMail() reads HTML in one pass, whatever a sender makes of its tags", { timeout: 60_000 }, async () => {
  const html = async (body: string) => (await only([...head, "Content-Type: text/html; charset=utf-8", "", body])).text;
  assert.equal(
    await html("<HEAD><title>x</title></HEAD><p>a &lt; b</p><STYLE>p{}</Style>c<br/>d<scriptx>e"),
    "a < b\nc\nde",
  );
  for (const part of ["<", "<style>", "<a", "</", "<br", "<script", "İ<style "]) {
    const text = await html(`before${part.repeat(1_000_000 / part.length)}`);
    assert.match(text, /^before/);
  }
});

test("readMail() names no owner by a forged name, and reads addresses that are odd as they are", async () => {
  const from = async (text: string) => await only([text, ...head.slice(1), "", "x"]);
  const forged = await from('From: "me@example.org" <mallory@example.org>');
  assert.deepEqual([forged.isFromOwner, forged.sender?.value], [false, "mallory@example.org"]);
  const two = await from("From: mallory@example.org\r\nFrom: me@example.org");
  assert.equal(two.sender === undefined, two.isFromOwner);
});
