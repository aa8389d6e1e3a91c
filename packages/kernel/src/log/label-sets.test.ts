import assert from "node:assert/strict";
import { test } from "node:test";
import { formatLabels, missingLabels, openLabels, parseLabels, untrustedFrom } from "@roost/contract/labels";
import { countStatements, type CountedDatabase } from "@roost/database/testing";
import { createTestKernel } from "../testing/create-test-kernel.ts";
import { testEvents } from "../testing/test-events.ts";
import { createLabelSets, labelSetNumbers } from "./label-sets.ts";
import { readEvents } from "./read-events.ts";

const note = (n: number, subject = `s${n}`) => ({ type: "note.written", subject, data: { n } });

test("LabelSets.number() gives a set one number, however many processes ask at once and in whatever order", async () => {
  await using t = await createTestKernel({ events: testEvents });
  const sets = Array.from({ length: 20 }, (_, n) => untrustedFrom("web", `host${n}.example`));
  const asked = await Promise.all(
    Array.from({ length: 8 }, async (_, process) => {
      const order = process % 2 === 0 ? sets : sets.toReversed();
      const numbers = await createLabelSets().number(t.database, order);
      return process % 2 === 0 ? numbers : numbers.toReversed();
    }),
  );
  for (const numbers of asked) assert.deepEqual(numbers, asked[0]);
  assert.equal(new Set(asked[0]).size, sets.length);
  assert.deepEqual(await createLabelSets().number(t.database, [missingLabels, openLabels]), [
    labelSetNumbers.missing,
    labelSetNumbers.open,
  ]);
});

test("LabelSets.number() tries the next number when a copied database has it already", async () => {
  await using t = await createTestKernel({ events: testEvents });
  await t.database.query(
    "insert into roost.label_set (number, text) overriding system value values (3, 'aud:main trust:agent'), (4, 'trust:agent')",
  );
  const sets = createLabelSets();
  assert.deepEqual(
    await sets.number(t.database, [parseLabels(["trust:agent"]), untrustedFrom("web", "a.example")]),
    [4, 5],
  );
});

test("a set that a transaction stored counts for the process only after the commit", async () => {
  await using t = await createTestKernel({ events: testEvents });
  const labels = untrustedFrom("web", "a.example");
  const emitted = { ...note(1), labels: formatLabels(labels) };
  await assert.rejects(
    t.kernel.transact(async (tx) => {
      await tx.labelSet(labels);
      tx.emit(emitted);
      throw new Error("given up");
    }),
    /given up/,
  );
  assert.equal(t.kernel.labelSets.find(labels), undefined);
  await t.kernel.transact(async (tx) => {
    assert.equal(await tx.labelSet(labels), await tx.labelSet(labels));
    tx.emit(emitted);
  });
  const number = t.kernel.labelSets.find(labels);
  assert.deepEqual(await createLabelSets().read(t.database, number!), labels);
  assert.deepEqual(await createLabelSets().read(t.database, 9_999), missingLabels);
});

test("a transaction asks for the number of a new set once, however many of its runs have it", async () => {
  let counted: CountedDatabase | undefined;
  await using t = await createTestKernel({ events: testEvents, wrap: (opened) => (counted = countStatements(opened)) });
  counted!.reset();
  const numbers = await t.kernel.transact((tx) =>
    Promise.all(["a.example", "b.example", "a.example"].map((host) => tx.labelSet(untrustedFrom("web", host)))),
  );
  assert.equal(numbers[0], numbers[2]);
  assert.notEqual(numbers[0], numbers[1]);
  assert.equal(counted!.statements.filter((name) => name === "roost_number_label_sets").length, 2);
});

test("readEvents() with the sets that a clearance covers leaves out what it may not read", async () => {
  await using t = await createTestKernel({ events: testEvents });
  const written = [["trust:owner"], ["aud:job:blog", "trust:agent"], ["aud:main", "trust:owner"], undefined];
  const positions = await t.kernel.append(written.map((labels, n) => ({ ...note(n, "one"), labels })));
  const { topic, partition } = positions[0]!;
  const seen = async (clearance: "all" | string[]) => {
    const labelSets = await t.kernel.labelSets.covered(t.database, clearance);
    const events = await readEvents(t.database, { topic, partition, offset: 0, limit: 10, labelSets });
    return events.map((event) => event.data["n"]);
  };
  assert.deepEqual(await seen("all"), [0, 1, 2, 3]);
  assert.deepEqual(await seen(["job:blog"]), [0, 1]);
  assert.deepEqual(await seen(["main"]), [0, 2, 3]);
  assert.deepEqual(await seen([]), [0]);
});
