import assert from "node:assert/strict";
import { test } from "node:test";
import { createId } from "@roost/base";
import { until } from "@roost/base/testing/until";
import { readTopic } from "@roost/kernel";
import { bookOf, find, idaCard, messageOf, openPeeps, settle } from "./open-peeps.fixture.ts";

test("peeps imports a book, and the same book again changes nothing", async () => {
  await using peeps = await openPeeps();
  const { client } = peeps;
  const book = bookOf(idaCard, ["UID:mats", "FN:Mats Ek", "TEL:08-1"], ["UID:torn"]);
  const first = await client.importContacts({ book, region: "SE" });
  assert.deepEqual([first.added, first.changed, first.unchanged, first.refused], [2, 0, 0, 1]);
  assert.match(first.faults[0]?.reason ?? "", /begins a card without a name/);
  const again = await client.importContacts({ book, region: "SE" });
  assert.deepEqual([again.added, again.changed, again.unchanged], [0, 0, 2]);
  const { person, details } = await client.getPerson({ personId: (await find(peeps, "Ida")).id });
  assert.deepEqual(person.handles.map(({ value }) => value).sort(), ["+46701234567", "ida@example.org"]);
  assert.deepEqual([person.organization, person.tags, details.dates[0]?.date], ["Ferry Ltd", ["crew"], "--02-29"]);
  assert.deepEqual(
    details.relations.map(({ type, name }) => [type, name]),
    [["partner", "Mats"]],
  );
  assert.equal(details.notes[0]?.text, "Sails on Sundays");
});

test("peeps gives many people by their ids in one call, those that are known through others too", async () => {
  await using peeps = await openPeeps();
  const { client } = peeps;
  await client.importContacts({ book: bookOf(idaCard) });
  const ida = await find(peeps, "Ida");
  const mats = (await client.getPerson({ personId: ida.id })).details.relations[0]?.personId ?? assert.fail();
  const { items } = await client.listPeople({ ids: [mats, ida.id, createId()] });
  assert.deepEqual(
    items.map(({ name, isPartial }) => [name, isPartial]),
    [
      ["Ida Berg", false],
      ["Mats", true],
    ],
  );
});

test("peeps keeps what each card of a person says apart, when two are one and when they are two again", async () => {
  await using peeps = await openPeeps();
  const { client } = peeps;
  const one = ["UID:1", "FN:Ida Berg", "TEL:+46701234567", "NOTE:Sails", "ADR:;;Quay 1;;;;", "BDAY:1985-04-12"];
  const other = ["UID:2", "FN:Ida Berg", "TEL:+46701234567", "NOTE:Nuts", "ADR:;;Road 2;;;;", "BDAY:1985-04-12"];
  await client.importContacts({ book: bookOf(one, other) });
  const known = async () => {
    const { details } = await client.getPerson({ personId: (await find(peeps, "Ida")).id });
    return [details.notes.map(({ text }) => text).toSorted(), details.addresses.length, details.dates.length];
  };
  assert.deepEqual(await known(), [["Nuts", "Sails"], 2, 1]);
  await client.importContacts({ book: bookOf(one, [...other.slice(0, 3), "NOTE:No nuts"]) });
  assert.deepEqual(await known(), [["No nuts", "Sails"], 2, 1]);
});

test("peeps goes on with a book whose import ended before its relations were written", async () => {
  await using peeps = await openPeeps();
  const { client, opened } = peeps;
  const book = bookOf(idaCard);
  await opened.database.query("alter table svc_peeps.relation rename to hidden");
  await assert.rejects(client.importContacts({ book }));
  await opened.database.query("alter table svc_peeps.hidden rename to relation");
  const again = await client.importContacts({ book });
  assert.deepEqual([again.added, again.changed], [0, 1]);
  const { details } = await client.getPerson({ personId: (await find(peeps, "Ida")).id });
  assert.deepEqual([details.relations.length, details.notes.length, details.dates.length], [1, 1, 1]);
  assert.equal((await client.importContacts({ book })).unchanged, 1);
});

test("peeps keeps what a person typed before what a book says, and blanks overwrite nothing", async () => {
  await using peeps = await openPeeps();
  const { client } = peeps;
  await client.importContacts({ book: bookOf(idaCard) });
  const { id } = await find(peeps, "Ida");
  await client.changePerson({ personId: id, name: "Ida Bergström", title: "Captain" });
  const changed = await client.importContacts({
    book: bookOf(["UID:ida", "FN:Ida B.", "TITLE:Mate", "TEL:+46701234567"]),
  });
  assert.deepEqual([changed.added, changed.changed], [0, 1]);
  const { person, details } = await client.getPerson({ personId: id });
  assert.deepEqual(
    [person.name, person.title, person.organization, details.notes.length],
    ["Ida Bergström", "Captain", "Ferry Ltd", 1],
  );
  await client.changePerson({ personId: id, title: null });
  assert.equal((await client.getPerson({ personId: id })).person.title, "Mate");
});

test("peeps refuses a change to a revision that is past, and an unknown person by name", async () => {
  await using peeps = await openPeeps();
  const { client } = peeps;
  const { person } = await client.addPerson({ name: "Ida" });
  await client.changePerson({ personId: person.id, title: "a", revision: person.revision });
  await assert.rejects(client.changePerson({ personId: person.id, title: "b", revision: person.revision }), {
    code: "conflict",
  });
  await assert.rejects(client.getPerson({ personId: createId() }), {
    code: "not_found",
    message: /there is no person/,
  });
});

test("peeps tells two of one name apart: a shared number makes them no one, an equal number and name do", async () => {
  await using peeps = await openPeeps();
  const { client } = peeps;
  await client.importContacts({
    book: bookOf(["UID:1", "FN:Ida Berg", "TEL:+46812345678"], ["UID:2", "FN:Mats Berg", "TEL:+46812345678"]),
  });
  const people = (await client.listPeople({})).items;
  assert.deepEqual(
    people.map(({ name }) => name),
    ["Ida Berg", "Mats Berg"],
  );
  assert.equal(people[0]?.handles[0]?.isShared, true);
  const other = await client.importContacts({
    name: "phone",
    book: bookOf(
      ["UID:x", "FN:Bob Smith", "EMAIL:bob@example.org"],
      ["UID:y", "FN:Robert Smith", "EMAIL:bob@example.org"],
    ),
  });
  assert.equal(other.added, 1);
});

test("peeps pages through messages of one millisecond", async () => {
  await using peeps = await openPeeps();
  const { client } = peeps;
  const sentAt = ["2026-01-02T10:00:00.000001Z", "2026-01-02T10:00:00.000002Z", "2026-01-02T10:00:00.000999Z"];
  await client.receiveMessages({
    messages: sentAt.map((at, index) => messageOf({ externalId: `${index}`, text: `${index}`, sentAt: at })),
  });
  await settle(peeps, sentAt.length);
  const { id } = (await client.listPeople({ isListed: false })).items[0] ?? assert.fail();
  const read: string[] = [];
  let after: string | undefined;
  for (let page = 0; page === 0 || after !== undefined; page += 1) {
    const { items, next } = await client.listMessages({ personId: id, limit: 1, after });
    read.push(...items.map(({ text }) => text));
    after = next ?? undefined;
  }
  assert.deepEqual(read, ["2", "1", "0"]);
});

test("peeps files messages once, knows their people or makes a stub, and derives the last contact", async () => {
  await using peeps = await openPeeps();
  const { client, opened } = peeps;
  await client.importContacts({ book: bookOf(idaCard) });
  const unknown = { kind: "email", value: "lo@example.org", name: "Lo Lind" } as const;
  const messages = [
    messageOf(),
    messageOf({
      externalId: "b",
      sender: undefined,
      isFromOwner: true,
      sentAt: "2026-01-03T10:00:00.000Z",
      text: "Hi Ida",
    }),
    messageOf({
      source: "mail",
      externalId: "c",
      conversation: { id: "<c>", isGroup: false },
      sender: unknown,
      participants: [unknown],
    }),
    messageOf({
      source: "mail",
      externalId: "d",
      conversation: { id: "<d>", isGroup: false },
      sender: { kind: "phone", value: "DHL" },
      participants: [],
    }),
  ];
  assert.deepEqual(await client.receiveMessages({ messages }), { added: 4, changed: 0, repeated: 0 });
  assert.deepEqual(await client.receiveMessages({ messages }), { added: 0, changed: 0, repeated: 4 });
  await settle(peeps, 4);
  const ida = await find(peeps, "Ida");
  assert.equal(ida.lastContactAt, "2026-01-03T10:00:00.000Z");
  assert.deepEqual(
    (await client.listMessages({ personId: ida.id })).items.map(({ text, isFromOwner }) => [text, isFromOwner]),
    [
      ["Hi Ida", true],
      ["Hello", false],
    ],
  );
  assert.equal((await find(peeps, "Lo Lind", false)).handles[0]?.value, "lo@example.org");
  const edited = messageOf({ text: "Hello!", editedAt: "2026-01-02T10:05:00.000Z" });
  assert.equal((await client.receiveMessages({ messages: [edited] })).changed, 1);
  await until(async () => (await client.listMessages({ personId: ida.id })).items[1]?.text === "Hello!");
  const { events } = await readTopic(opened.test.database, { topic: "peeps", limit: 20 });
  const told = events.filter(({ type }) => type === "peeps.message.received");
  assert.equal(told.length, 5);
  assert.deepEqual(told[0]?.labels.toSorted(), [
    "aud:domain:peeps",
    "src:channel:imessage:%2B46701234567",
    "trust:untrusted",
  ]);
});

test("peeps takes a mail's id once, for any caller, and believes no sender", async () => {
  await using peeps = await openPeeps();
  const { client, opened } = peeps;
  const ida = { kind: "email", value: "ida@example.org", name: "Ida Berg" } as const;
  const mail = messageOf({
    source: "mail",
    externalId: "<1@example.org>",
    sender: ida,
    participants: [ida],
    text: "the truth",
  });
  const forged = { kind: "email", value: "mallory@example.org" } as const;
  await client.receiveMessages({ messages: [mail] });
  await settle(peeps, 1);
  const again = await client.receiveMessages({
    messages: [{ ...mail, sender: forged, participants: [forged], text: "a lie" }],
  });
  assert.deepEqual(again, { added: 0, changed: 0, repeated: 1 });
  const own = { ...mail, externalId: "<2@example.org>", isFromOwner: true, sender: undefined };
  await client.receiveMessages({ messages: [own] });
  await settle(peeps, 2);
  const { events } = await readTopic(opened.test.database, { topic: "peeps", limit: 20 });
  const told = events.filter(({ type }) => type === "peeps.message.received");
  assert.ok(told.length === 2 && told.every(({ labels }) => labels.includes("trust:untrusted")));
});

test("peeps keeps the one who is listed when a stub that was there first is the same person", async () => {
  await using peeps = await openPeeps();
  const { client } = peeps;
  const stub = { kind: "email", value: "ida@other.example", name: "Ida Berg" } as const;
  await client.receiveMessages({ messages: [messageOf({ source: "mail", sender: stub, participants: [stub] })] });
  await settle(peeps, 1);
  await client.importContacts({ book: bookOf(idaCard) });
  const suggestion = (await client.listSuggestions({})).items[0] ?? assert.fail();
  const { person } = await client.answerSuggestion({ suggestionId: suggestion.id, areOne: true });
  assert.ok(person.isListed);
  assert.equal((await find(peeps, "Ida Berg")).handles.length, 3);
});

test("peeps gives a stub's messages to the person whose card comes later", async () => {
  await using peeps = await openPeeps();
  const { client } = peeps;
  await client.receiveMessages({ messages: [messageOf()] });
  await settle(peeps, 1);
  const done = await client.importContacts({ book: bookOf(idaCard) });
  assert.equal(done.added, 0);
  const ida = await find(peeps, "Ida Berg");
  assert.equal((await client.listMessages({ personId: ida.id })).items.length, 1);
});

test("peeps answers who a person's partner is with what says so, asks which of two, and says unknown", async () => {
  await using peeps = await openPeeps();
  const { client } = peeps;
  await client.importContacts({
    book: bookOf(idaCard, ["UID:2", "FN:Bo Ek", "NOTE:His wife is called Lo"], ["UID:3", "FN:Bo Lund"]),
  });
  const known = await client.whoIs({ of: "my friend Ida", relation: "girlfriend" });
  assert.deepEqual([known.answer, known.relations[0]?.name, known.relations[0]?.source], ["known", "Mats", "contacts"]);
  const which = await client.whoIs({ of: "Bo", relation: "wife" });
  assert.deepEqual([which.answer, which.people.map(({ name }) => name)], ["ask_which", ["Bo Ek", "Bo Lund"]]);
  const unknown = await client.whoIs({ of: "Bo Ek", relation: "wife" });
  assert.equal(unknown.answer, "unknown");
  assert.match(unknown.near[0]?.text ?? "", /His wife is called Lo/);
  await client.relatePeople({ personId: unknown.people[0]?.id ?? "", type: "wife", otherName: "Lo" });
  assert.equal((await client.whoIs({ of: "Bo Ek", relation: "partner" })).relations[0]?.name, "Lo");
});

test("peeps recalls for a question the people in it with whose they are, and the lines with the most of its words", async () => {
  await using peeps = await openPeeps();
  const { client } = peeps;
  await client.importContacts({
    book: bookOf(idaCard, ["UID:2", "FN:Bo Ek", "NOTE:Lent me the drill"], ["UID:3", "FN:Jo Ek", "NOTE:The boat"]),
  });
  await client.receiveMessages({ messages: [messageOf({ text: "The drill is in the boat" })] });
  await settle(peeps, 1);
  const partner = await client.recall({ query: "What is Ida's partner called?" });
  assert.deepEqual(
    partner.people.map(({ person, relations }) => [person.name, relations[0]?.type, relations[0]?.name]),
    [["Ida Berg", "partner", "Mats"]],
  );
  const lines = await client.recall({ query: "who has the drill from the boat", limit: 2 });
  assert.deepEqual(lines.people, []);
  assert.equal(lines.items[0]?.text, "The drill is in the boat");
  assert.equal(lines.items.length, 2);
  assert.deepEqual(await client.recall({ query: "what is it?" }), { people: [], items: [] });
});

test("peeps lists who was not spoken to for longer than a tag wants, and reminds once for a day", async () => {
  await using peeps = await openPeeps();
  const { client } = peeps;
  await client.importContacts({ book: bookOf(idaCard, ["UID:2", "FN:Bo Ek"]) });
  assert.deepEqual(await client.setCadence({ tag: "crew", days: 30 }), { people: 1 });
  assert.deepEqual(
    (await client.listPeople({ isOverdue: true })).items.map(({ name }) => name),
    ["Ida Berg"],
  );
  const { id } = await find(peeps, "Bo");
  const { reminder } = await client.remind({
    personId: id,
    text: "Return the drill",
    dueOn: "2021-01-31",
    every: "month",
  });
  for (let count = 0; count < 2; count += 1)
    await client.finishReminder({ reminderId: reminder.id, dueOn: "2021-01-31" });
  assert.equal((await client.listReminders({})).items[0]?.dueOn, "2021-02-28");
  await client.finishReminder({ reminderId: reminder.id, dueOn: "2021-02-28" });
  assert.equal((await client.listReminders({})).items[0]?.dueOn, "2021-03-31");
  // Told once: a reminder for its day, a silence until they speak again.
  const taken = await client.takeDue({});
  assert.deepEqual(
    [taken.reminders.map(({ text }) => text), taken.overdue.map(({ name }) => name)],
    [["Return the drill"], ["Ida Berg"]],
  );
  assert.deepEqual(await client.takeDue({}), { reminders: [], overdue: [] });
  await client.finishReminder({ reminderId: reminder.id, dueOn: "2021-03-31" });
  await client.receiveMessages({ messages: [messageOf({ sentAt: "2021-01-02T10:00:00.000Z" })] });
  await settle(peeps, 1);
  const next = await client.takeDue({});
  assert.deepEqual(
    [next.reminders.map(({ dueOn }) => dueOn), next.overdue.map(({ name }) => name)],
    [["2021-04-30"], ["Ida Berg"]],
  );
});

test("peeps writes all people as cards, and reading them into another book adds none", async () => {
  await using peeps = await openPeeps();
  const { client } = peeps;
  await client.importContacts({ book: bookOf(idaCard) });
  const file = await client.exportContacts({});
  const text = Buffer.from(file.bytes).toString();
  assert.match(text, /FN:Ida Berg/);
  const again = await client.importContacts({ name: "copy", book: { mediaType: "text/vcard", bytes: file.bytes } });
  assert.equal(again.refused, 0);
  assert.equal((await client.listPeople({})).items.length, 2, "Ida, and Mats who has a card now");
});

test("peeps writes two who are one as one card: each day, address and relation once, and none with themselves", async () => {
  await using peeps = await openPeeps();
  const { client } = peeps;
  const address = "ADR;TYPE=home:;;Quay 1;Oslo;;0150;Norway";
  const ida = ["FN:Ida Berg", "BDAY:1990-02-28", address, "URL:https://ida.example", "NOTE:=cmd|calc"];
  await client.importContacts({ book: bookOf(["UID:1", ...ida], ["UID:2", "FN:Bo Ek"]) });
  await client.importContacts({
    name: "work",
    book: bookOf(["UID:3", ...ida, "X-ABDATE:2001-01-01", "X-ABDATE:2002-02-02"]),
  });
  const people = (await client.listPeople({ name: "Ida" })).items;
  const [first, second] = people;
  const bo = await find(peeps, "Bo");
  for (const { id } of people) await client.relatePeople({ personId: id, type: "friend", otherId: bo.id });
  await client.relatePeople({ personId: first!.id, type: "friend", otherId: second!.id });
  await client.setDate({ personId: first!.id, label: "birthday", date: "1990-02-27" });
  await client.mergePeople({ personId: first!.id, otherId: second!.id });
  const file = await client.exportContacts({});
  const [card = ""] = Buffer.from(file.bytes).toString().split("END:VCARD");
  const linesOf = (property: string) => card.split("\r\n").filter((line) => line.includes(property));
  assert.deepEqual(linesOf("BDAY"), ["BDAY:19900227"], "what a person says before what books say");
  assert.deepEqual(
    ["ADR", "URL:", "RELATED", "X-ABDATE", "X-ABLabel"].map((property) => linesOf(property).length),
    [1, 1, 1, 3, 3],
  );
  assert.ok(linesOf("RELATED")[0]?.includes(bo.id));
  const again = await client.importContacts({ name: "copy", book: { mediaType: "text/vcard", bytes: file.bytes } });
  assert.equal(again.refused, 0);
  const { dates } = (await client.getPerson({ personId: first!.id })).details;
  const ofCopy = new Set(dates.filter(({ source }) => source === "copy").map(({ label }) => label));
  assert.deepEqual(ofCopy.size, dates.filter(({ source }) => source === "copy").length);
  const csv = Buffer.from((await client.exportContacts({ format: "csv" })).bytes).toString();
  assert.doesNotMatch(csv, /(?:^|\r\n|,)"?[=@]/);
});

test("peeps keeps a card's picture as bytes, by what they are and to a size, and writes it again", async () => {
  await using peeps = await openPeeps();
  const { client, opened } = peeps;
  const png = Buffer.concat([Buffer.from("89504e470d0a1a0a", "hex"), Buffer.alloc(5000, 7)]);
  const card = (bytes: Buffer) => [
    "UID:ida",
    "FN:Ida Berg",
    `PHOTO;ENCODING=b;TYPE=SVG+XML:${bytes.toString("base64")}`,
  ];
  const import_ = (bytes: Buffer) => client.importContacts({ book: bookOf(card(bytes)) });
  await import_(png);
  assert.equal((await import_(png)).unchanged, 1);
  const { id } = await find(peeps, "Ida");
  const picture = await client.getPicture({ personId: id });
  assert.deepEqual([picture.mediaType, Buffer.from(picture.bytes)], ["image/png", png]);
  const text = Buffer.from((await client.exportContacts({})).bytes)
    .toString()
    .replaceAll("\r\n ", "");
  assert.ok(text.includes(`PHOTO:data:image/png;base64,${png.toString("base64")}`));
  const other = Buffer.concat([png, Buffer.from("1")]);
  assert.equal((await import_(other)).changed, 1);
  const kept = await opened.database.query<{ size: number }>(
    "select octet_length(bytes) as size from svc_peeps.picture",
  );
  assert.deepEqual(kept, [{ size: other.length }]);
  for (const refused of [Buffer.from("<svg onload=alert(1)>"), Buffer.concat([png, Buffer.alloc(2 ** 20)])]) {
    await client.importContacts({ name: "other", book: bookOf(["UID:x", "FN:Bo", ...card(refused).slice(2)]) });
    const bo = await find(peeps, "Bo");
    await assert.rejects(client.getPicture({ personId: bo.id }), { code: "not_found" });
    const { details } = await client.getPerson({ personId: bo.id });
    assert.match(details.fields.find(({ name }) => name === "other")?.value ?? "", /PHOTO: \d+ bytes/);
  }
});
