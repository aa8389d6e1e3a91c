/** Who is who: what is suggested, and that merging and unmerging are exact, also when much happens at once. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { bookOf, messageOf, openPeeps, settle } from "../open-peeps.fixture.ts";

test("peeps suggests that two are one, merges them, and unmerging is exact", async () => {
  await using peeps = await openPeeps();
  const { client } = peeps;
  await client.importContacts({ book: bookOf(["UID:1", "FN:Ida Berg", "ORG:Ferry Ltd", "TEL:+46701234567"]) });
  const { suggestions } = await client.importContacts({
    name: "work",
    book: bookOf(["UID:9", "FN:Berg\\, Ida", "ORG:Ferry Ltd", "EMAIL:ida@example.org", "NOTE:from work"]),
  });
  assert.equal(suggestions, 1);
  const suggestion = (await client.listSuggestions({})).items[0] ?? assert.fail();
  assert.deepEqual(suggestion.reasons, ["both at Ferry Ltd"]);
  const before = await Promise.all(
    [suggestion.person.id, suggestion.other.id].map((personId) => client.getPerson({ personId })),
  );
  const { person } = await client.answerSuggestion({ suggestionId: suggestion.id, areOne: true });
  assert.deepEqual(person.handles.map(({ value }) => value).sort(), ["+46701234567", "ida@example.org"]);
  assert.equal((await client.listPeople({})).items.length, 1);
  const merged = [suggestion.person.id, suggestion.other.id].find((id) => id !== person.id) ?? assert.fail();
  assert.equal(
    (await client.getPerson({ personId: merged })).person.id,
    person.id,
    "the id of who was merged leads on",
  );
  assert.equal(
    (await client.importContacts({ book: bookOf(["UID:1", "FN:Ida Berg", "ORG:Ferry Ltd", "TEL:+46701234567"]) }))
      .unchanged,
    1,
  );
  await client.unmergePerson({ personId: merged });
  const after = await Promise.all(
    [suggestion.person.id, suggestion.other.id].map((personId) => client.getPerson({ personId })),
  );
  assert.deepEqual(
    after.map(({ person: one, details }) => ({ ...one, details, revision: 0 })),
    before.map(({ person: one, details }) => ({ ...one, details, revision: 0 })),
  );
  assert.deepEqual((await client.listSuggestions({})).items, []);
});

test("peeps suggests names that sound or are written alike, with one thing more, and merges none", async () => {
  await using peeps = await openPeeps();
  const { client } = peeps;
  await client.importContacts({
    book: bookOf(
      ["UID:1", "FN:Jon Smyth", "ORG:Ferry Ltd"],
      ["UID:2", "FN:Smith\\, John", "ORG:Ferry Ltd"],
      ["UID:3", "FN:Petra Strand", "EMAIL:petra@example.org"],
      ["UID:4", "FN:Petra Srtand", "EMAIL:petra@example.com"],
      ["UID:5", "FN:Jon Smyth Junior", "ORG:Elsewhere"],
      ["UID:6", "FN:Mona Lund", "EMAIL:petra@example.net"],
    ),
  });
  const { items } = await client.listSuggestions({});
  assert.deepEqual(
    items.map(({ person, other, reasons }) => [[person.name, other.name].sort(), reasons]).sort(),
    [
      [
        ["Jon Smyth", "Smith, John"],
        ["names that sound alike", "both at Ferry Ltd"],
      ],
      [
        ["Petra Srtand", "Petra Strand"],
        ["names that are written alike", "e-mail addresses with the same name, petra"],
      ],
    ].sort(),
  );
  assert.equal((await client.listPeople({})).items.length, 6);
});

test("peeps gives back tags and names that were changed while two were one", async () => {
  await using peeps = await openPeeps();
  const { client } = peeps;
  const [ida, lo] = [
    (await client.addPerson({ name: "Ida", tags: ["crew", "old"] })).person,
    (await client.addPerson({ name: "Lo", tags: ["choir", "crew"] })).person,
  ];
  await client.relatePeople({ personId: ida.id, type: "partner", otherName: "Mats" });
  await client.relatePeople({ personId: lo.id, type: "brother", otherName: "Matti" });
  const through = async (personId: string) =>
    (await client.getPerson({ personId })).details.relations[0] ?? assert.fail();
  const [mats, matti] = [await through(ida.id), await through(lo.id)];
  await client.changePerson({ personId: matti.personId, name: "Matti Ek" });
  const known = (await client.mergePeople({ personId: mats.personId, otherId: matti.personId })).person;
  assert.equal(known.name, "Matti Ek");
  await client.mergePeople({ personId: ida.id, otherId: lo.id });
  const { person } = await client.changePerson({ personId: ida.id, tags: ["crew", "new"] });
  assert.deepEqual(person.tags, ["crew", "new"]);
  assert.equal((await client.listPeople({ tag: "choir" })).items.length, 0);
  await client.unmergePerson({ personId: lo.id });
  await client.unmergePerson({ personId: matti.personId });
  const tags = async (personId: string) => (await client.getPerson({ personId })).person.tags;
  assert.deepEqual(
    [await tags(ida.id), await tags(lo.id)],
    [
      ["crew", "new"],
      ["choir", "crew"],
    ],
  );
  assert.deepEqual([(await through(ida.id)).name, (await through(lo.id)).name], ["Mats", "Matti Ek"]);
});

test("peeps merges and unmerges many at once while their messages arrive, and each is whole again", async () => {
  await using peeps = await openPeeps();
  const { client, opened } = peeps;
  const count = 6;
  const numbers = Array.from({ length: count }, (_, index) => `+4670123456${index}`);
  const ids: string[] = [];
  for (const [index, value] of numbers.entries()) {
    const { person } = await client.addPerson({
      name: `Ida ${index}`,
      handles: [{ kind: "phone", value }],
      tags: [`t${index}`],
    });
    ids.push(person.id);
  }
  const sender = (index: number) => ({ kind: "phone" as const, value: numbers[index % count]! });
  const receive = (from: number) =>
    client.receiveMessages({
      messages: Array.from({ length: count }, (_, index) =>
        messageOf({
          externalId: `${from}-${index}`,
          sender: sender(index),
          participants: [sender(index)],
          sentAt: `2026-01-0${from}T10:00:00.000Z`,
        }),
      ),
    });
  const next = (index: number) => ids[(index + 1) % count]!;
  // In a ring, so that the last closes it, and each pair from both sides.
  await Promise.all([
    ...ids.map((personId, index) => client.mergePeople({ personId, otherId: next(index) })),
    ...ids.map((personId, index) => client.mergePeople({ personId: next(index), otherId: personId })),
    ...ids.map((personId) => client.changePerson({ personId, keepInTouchDays: 7 })),
    receive(1),
  ]);
  await settle(peeps, count);
  const { items } = await client.listPeople({ name: "Ida" });
  const [one] = items;
  assert.deepEqual([items.length, one?.handles.length, one?.tags.length, one?.keepInTouchDays], [1, count, count, 7]);
  assert.equal((await client.listMessages({ personId: ids[0]! })).items.length, count);
  await assert.rejects(client.changePerson({ personId: one!.id, title: "x", revision: one!.revision - 1 }), {
    code: "conflict",
  });
  await Promise.all([...ids.map((personId) => client.unmergePerson({ personId })), receive(2)]);
  await settle(peeps, 2 * count);
  for (const [index, personId] of ids.entries()) {
    const { person } = await client.getPerson({ personId });
    const whole = [person.id, person.name, person.handles.map(({ value }) => value), person.tags, person.lastContactAt];
    assert.deepEqual(whole, [personId, `Ida ${index}`, [numbers[index]], [`t${index}`], "2026-01-02T10:00:00.000Z"]);
    assert.equal((await client.listMessages({ personId })).items.length, 2);
  }
  await assert.rejects(
    client.changePerson({ personId: one!.id, title: "x", revision: one!.revision }),
    { code: "conflict" },
    "it was of the two as one",
  );
  const circles = await opened.database.query(
    "select 1 from svc_peeps.person where root <> id or merged_into is not null",
  );
  assert.deepEqual(circles, []);
});

test("peeps asks once whether two are one, however they are merged, and not again when they were said to be two", async () => {
  await using peeps = await openPeeps();
  const { client } = peeps;
  const at = (uid: string, ...more: string[]) => [`UID:${uid}`, "FN:Ida Berg", "ORG:Ferry Ltd", ...more];
  await client.importContacts({ book: bookOf(at("1"), at("2"), at("3")) });
  const all = (await client.listSuggestions({})).items;
  assert.equal(all.length, 3);
  const [{ person, other, id: suggestionId } = assert.fail()] = all;
  const third =
    (await client.listPeople({})).items.find(({ id }) => id !== person.id && id !== other.id) ?? assert.fail();
  await client.mergePeople({ personId: person.id, otherId: other.id });
  const [left, ...more] = (await client.listSuggestions({})).items;
  assert.deepEqual([more, left?.id === suggestionId], [[], false], "two suggestions of the same two are one");
  await client.answerSuggestion({ suggestionId: left!.id, areOne: false });
  assert.deepEqual((await client.listSuggestions({})).items, []);
  await client.unmergePerson({ personId: other.id });
  await client.unmergePerson({ personId: person.id });
  const asked = (await client.listSuggestions({})).items.map((one) => [one.person.id, one.other.id].toSorted());
  assert.ok(
    asked.some((pair) => pair.includes(third.id)),
    "of the other of the two it was not said",
  );
});
