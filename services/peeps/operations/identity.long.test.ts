/**
 * Who is who under any sequence of operations, against a model of what docs/decisions/046 says: rows stay with whom they were
 * written for, readers go by root, and unmerging gives everybody back what is theirs.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { bookOf, openPeeps, type TestPeeps } from "../open-peeps.fixture.ts";

interface Row {
  id: string;
  mergedInto: Row | undefined;
  /** By whom each was taken away, while they were one. */
  tags: Map<string, Row | undefined>;
  handles: Set<string>;
  notes: string[];
  /** What a card says: it says it anew. */
  cardNotes: Map<string, string>;
  names: { typed: string | undefined; card: string | undefined };
}

type Step =
  | { kind: "add"; name: string; tags: string[] }
  | { kind: "merge" | "relate"; one: number; other: number }
  | { kind: "unmerge" | "refused"; one: number }
  | { kind: "tags"; one: number; tags: string[] }
  | { kind: "note" | "name"; one: number; text: string }
  | { kind: "import"; card: number; note: string; tags: string[] };

const place = fc.nat(20);
const names = fc.constantFrom("Ida Berg", "Jon Smyth", "John Smith", "Lo", "李雷", "Ōe Ken");
const tags = fc.uniqueArray(fc.constantFrom("crew", "choir", "old", "new"), { maxLength: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("add" as const), name: names, tags }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("merge" as const), one: place, other: place }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("relate" as const), one: place, other: place }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("unmerge" as const), one: place }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("refused" as const), one: place }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("tags" as const), one: place, tags }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("note" as const),
      one: place,
      text: fc.string({ minLength: 1, maxLength: 8, unit: "grapheme" }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("name" as const), one: place, text: names }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("import" as const),
      card: fc.nat(4),
      note: fc.constantFrom("a", "b"),
      tags,
    }),
  },
);

test("merging, unmerging, importing and changing people in any order keeps what is whose", async () => {
  await using peeps = await openPeeps();
  let round = 0;
  const property = fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 25 }), async (steps) => {
    round += 1;
    const world = createWorld(peeps, `book${round}`);
    for (const one of steps) await world.take(one);
    await world.check();
    for (const row of world.rows) await world.take({ kind: "unmerge", one: world.rows.indexOf(row) });
    await world.check();
  });
  await fc.assert(property, { numRuns: 60, endOnFailure: true });
});

function createWorld({ client }: TestPeeps, book: string) {
  const rows: Row[] = [];
  const cards = new Map<number, Row>();
  const at = (index: number): Row | undefined => rows[index % Math.max(1, rows.length)];
  const rootOf = (row: Row): Row => (row.mergedInto === undefined ? row : rootOf(row.mergedInto));
  const below = (row: Row): Row[] => [row, ...rows.filter(({ mergedInto }) => mergedInto === row).flatMap(below)];
  const shown = (root: Row): Set<string> =>
    new Set(below(root).flatMap((row) => [...row.tags].flatMap(([tag, by]) => (by === undefined ? [tag] : []))));
  const add = (id: string, row: Partial<Row>): Row => {
    const empty = {
      mergedInto: undefined,
      tags: new Map<string, undefined>(),
      handles: new Set<string>(),
      notes: [],
      cardNotes: new Map<string, string>(),
    };
    const added: Row = { ...empty, names: { typed: undefined, card: undefined }, ...row, id };
    rows.push(added);
    return added;
  };

  const take = async (one: Step): Promise<void> => {
    if (one.kind === "add") {
      const { person, isNew } = await client.addPerson({ name: one.name, tags: one.tags });
      assert.ok(isNew);
      add(person.id, {
        names: { typed: one.name, card: undefined },
        tags: new Map(one.tags.map((tag) => [tag, undefined])),
      });
      return;
    }
    if (one.kind === "import") return await takeCard(one);
    const row = at(one.one);
    if (row === undefined) return;
    const root = rootOf(row);
    if (one.kind === "merge") {
      const other = at(one.other) ?? row;
      const { person } = await client.mergePeople({ personId: row.id, otherId: other.id });
      if (rootOf(other) !== root) rootOf(other).mergedInto = root;
      assert.equal(person.id, root.id);
    } else if (one.kind === "unmerge") {
      const { person } = await client.unmergePerson({ personId: row.id });
      if (row.mergedInto !== undefined) {
        row.mergedInto = undefined;
        const mine = new Set(below(row));
        for (const each of mine)
          for (const [tag, by] of each.tags) if (by !== undefined && !mine.has(by)) each.tags.set(tag, undefined);
      }
      assert.equal(person.id, rootOf(row).id);
    } else if (one.kind === "tags") {
      const before = shown(root);
      await client.changePerson({ personId: row.id, tags: one.tags });
      for (const each of below(root))
        for (const [tag, by] of each.tags) {
          if (one.tags.includes(tag) || by !== undefined) continue;
          if (each === root) each.tags.delete(tag);
          else each.tags.set(tag, root);
        }
      for (const tag of one.tags) if (!before.has(tag) && !root.tags.has(tag)) root.tags.set(tag, undefined);
    } else if (one.kind === "note") {
      await client.addNote({ personId: row.id, text: one.text });
      root.notes.push(one.text);
    } else if (one.kind === "name") {
      await client.changePerson({ personId: row.id, name: one.text });
      root.names.typed = one.text;
    } else if (one.kind === "relate") {
      const other = at(one.other) ?? row;
      const related = client.relatePeople({ personId: row.id, type: "friend", otherId: other.id });
      if (rootOf(other) === root) await assert.rejects(related, { code: "invalid_input" });
      else assert.equal((await related).relation.personId, rootOf(other).id);
    } else {
      const { person } = await client.getPerson({ personId: row.id });
      await assert.rejects(client.changePerson({ personId: row.id, title: "x", revision: person.revision + 1 }), {
        code: "conflict",
      });
    }
  };

  const takeCard = async ({ card, note, tags: given }: Extract<Step, { kind: "import" }>): Promise<void> => {
    const [name, mail] = [`Card ${book} ${card}`, `${book}-${card}@example.org`];
    const lines = [
      `UID:${card}`,
      `FN:${name}`,
      `EMAIL:${mail}`,
      `NOTE:${note}`,
      ...(given.length === 0 ? [] : [`CATEGORIES:${given.join(",")}`]),
    ];
    const done = await client.importContacts({ name: book, book: bookOf(lines) });
    const known = cards.get(card);
    assert.equal(done.added, known === undefined ? 1 : 0);
    const found = known ?? add((await client.listPeople({ name })).items[0]?.id ?? "", { handles: new Set([mail]) });
    cards.set(card, found);
    found.names.card = name;
    found.cardNotes.set(book, note);
    for (const tag of given) if (!found.tags.has(tag)) found.tags.set(tag, undefined);
  };

  const check = async (): Promise<void> => {
    for (const row of rows) {
      const root = rootOf(row);
      const { person, details } = await client.getPerson({ personId: row.id });
      const all = below(root);
      assert.equal(person.id, root.id);
      assert.deepEqual(person.tags, [...shown(root)].sort());
      assert.deepEqual(
        person.handles.map(({ value }) => value).sort(),
        all.flatMap(({ handles }) => [...handles]).sort(),
      );
      assert.deepEqual(
        details.merged.map(({ id }) => id).sort(),
        all
          .filter((each) => each !== root)
          .map(({ id }) => id)
          .sort(),
      );
      const notes: string[] = [];
      for (let after: string | undefined; ;) {
        const page = await client.listNotes({ personId: row.id, limit: 3, after });
        notes.push(...page.items.map(({ text }) => text));
        if (page.next === null) break;
        after = page.next;
      }
      assert.deepEqual(notes.sort(), all.flatMap((each) => [...each.notes, ...each.cardNotes.values()]).sort());
      const typed =
        root.names.typed ??
        (all.some(({ names: { typed: name } }) => name !== undefined) ? undefined : root.names.card);
      if (typed !== undefined) assert.equal(person.name, typed);
    }
    const { items } = await client.listSuggestions({ limit: 500 });
    for (const { person, other } of items) assert.notEqual(person.id, other.id);
  };
  return { rows, take, check };
}
