import assert from "node:assert/strict";
import { test } from "node:test";
import { peepsContract } from "../contract.ts";
import { bookOf, find, idaCard, messageOf, openPeeps, settle } from "../open-peeps.fixture.ts";

test("peeps takes what messages say as suggestions: only their own words, nothing known before the owner says so", async () => {
  await using peeps = await openPeeps();
  const { client, opened } = peeps;
  await client.importContacts({ book: bookOf(idaCard) });
  const text =
    "My partner Nils and I moved.\nMy new number is 070-999 88 77 (+46 70 999 88 77), birthday as ever on 12 April";
  await client.receiveMessages({
    messages: [messageOf({ text }), messageOf({ externalId: "b", text: "mine", isFromOwner: true, sender: undefined })],
  });
  await settle(peeps, 2);
  const of = { source: "imessage", externalId: "a" } as const;
  const facts = [
    { ...of, kind: "relation", relation: "boyfriend", value: "Nils", quote: "My partner Nils and I" },
    { ...of, kind: "phone", value: "+46 70 999 88 77", quote: "my new number is 070-999 88 77" },
    { ...of, kind: "birthday", value: "--04-12", quote: "birthday as ever on 12 April" },
    { ...of, kind: "relation", relation: "partner", value: "Mats", quote: "My partner Nils" },
    { ...of, kind: "phone", value: "+46701112233", quote: "My new number is 070-999 88 77" },
    { ...of, kind: "note", value: "Hates boats", quote: "I hate boats" },
    { ...of, externalId: "b", kind: "note", value: "x", quote: "mine" },
    { ...of, kind: "birthday", value: "--13-45", quote: "12 April" },
  ] as const;
  const agent = opened.clientFor(peepsContract, { id: "agent:reader", kind: "agent", scopes: ["*"] });
  const first = await agent.suggestFacts({ facts: [...facts] });
  assert.deepEqual([first.added, first.known, first.refused.map(({ index }) => index)], [3, 0, [3, 4, 5, 6, 7]]);
  assert.equal((await agent.suggestFacts({ facts: [...facts] })).known, 3);
  const ida = await find(peeps, "Ida");
  const before = await client.getPerson({ personId: ida.id });
  assert.deepEqual(
    [before.person.handles.length, before.details.relations.length, before.details.dates.length],
    [2, 1, 1],
  );
  const { items } = await client.listFacts({});
  assert.deepEqual(
    items.map(({ kind, value, name }) => [kind, value, name]),
    [
      ["relation", "Nils", "Ida Berg"],
      ["phone", "+46 70 999 88 77", "Ida Berg"],
      ["birthday", "--04-12", "Ida Berg"],
    ],
  );
  const ids = Object.fromEntries(items.map(({ kind, id }) => [kind, id]));
  await assert.rejects(agent.answerFact({ factId: ids["phone"] ?? "", isTrue: true }), { code: "forbidden" });
  for (const kind of ["relation", "phone"]) await client.answerFact({ factId: ids[kind] ?? "", isTrue: true });
  await client.answerFact({ factId: ids["birthday"] ?? "", isTrue: false });
  const { person, details } = await client.getPerson({ personId: ida.id });
  assert.ok(person.handles.some(({ value }) => value === "+46709998877"));
  const nils = details.relations.find(({ name }) => name === "Nils");
  assert.deepEqual([nils?.type, nils?.evidence?.text], ["partner", "imessage: My partner Nils and I"]);
  assert.deepEqual(
    details.dates.map(({ date }) => date),
    ["--02-29"],
  );
  assert.deepEqual((await client.listFacts({})).items, []);
  assert.equal((await agent.suggestFacts({ facts: [...facts] })).added, 0, "what was declined is not asked again");
});
