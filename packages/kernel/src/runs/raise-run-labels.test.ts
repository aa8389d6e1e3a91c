import assert from "node:assert/strict";
import { test } from "node:test";
import { formatLabels, joinLabels, openLabels, untrustedFrom, type Labels } from "@roost/contract/labels";
import { createTestKernel } from "../testing/create-test-kernel.ts";
import { begin, claimOne, done, end, joinWorker, startRun } from "../testing/drive-runs.ts";
import { finishRun } from "./finish-run.ts";
import { raiseRunLabels, readRunLabels } from "./raise-run-labels.ts";

const page = untrustedFrom("web", "page.example");
const mail: Labels = { audiences: ["domain:peeps", "job:mail"], trust: "agent", sources: ["mcp:mail"] };

test("A step that ends after another writer has raised the labels of its run adds its own to them", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  await using worker = await joinWorker(kernel);
  const numberOf = (labels: Labels) => kernel.transact((tx) => tx.labelSet(labels));
  const known = await numberOf(mail);
  // With a step's outcome, with the end of its run alone, and with the ends of several at once.
  for (const way of ["step", "end", "ends"] as const) {
    const ids = [];
    for (let count = 0; count < (way === "ends" ? 4 : 1); count += 1) ids.push(await startRun(kernel));
    const runs = [];
    for (const _id of ids) runs.push(await claimOne(kernel, worker));
    for (const { owned } of runs) await begin(kernel, owned, 1);
    const before = await Promise.all(ids.map((id) => readRunLabels(kernel, id)));
    for (const { owned } of runs) await raiseRunLabels(kernel, owned, page);
    await Promise.all(
      runs.map(({ owned }) =>
        way === "step"
          ? done(kernel, owned, 1, { labels: known, runLabels: known })
          : finishRun(
              kernel,
              owned,
              { state: "done", output: null },
              { finishing: [{ seq: 1, state: "done", output: null, labels: known, runLabels: known }] },
            ),
      ),
    );
    for (const [index, id] of ids.entries())
      assert.deepEqual(
        formatLabels(await readRunLabels(kernel, id)),
        formatLabels(joinLabels(before[index]!, page, mail)),
        way,
      );
    if (way === "step") for (const { owned } of runs) await end(kernel, owned);
  }
});

test("What two writers add to the labels of a run at once is there in any order, and stored as joinLabels() writes it", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  await using worker = await joinWorker(kernel);
  await startRun(kernel);
  const { id, owned } = await claimOne(kernel, worker);
  const sets = Array.from({ length: 8 }, (_, n) => untrustedFrom(n % 2 === 0 ? "web" : "service", `x${n}`));
  const numbers = await kernel.transact((tx) => Promise.all(sets.map((labels) => tx.labelSet(labels))));
  for (let seq = 1; seq <= 4; seq += 1) await begin(kernel, owned, seq);
  await Promise.all(
    sets.map((labels, n) =>
      n < 4
        ? done(kernel, owned, n + 1, { labels: numbers[n]!, runLabels: numbers[n]! })
        : raiseRunLabels(kernel, owned, labels),
    ),
  );
  const all = joinLabels(await readRunLabels(kernel, id), openLabels);
  assert.deepEqual(all.sources, joinLabels(...sets).sources);
  const [stored] = await kernel.database.query<{ text: string }>(
    "select s.text from roost.run r join roost.label_set s on s.number = r.labels where r.id = $1",
    [id],
  );
  assert.equal(stored?.text, formatLabels(all).join(" "));
});
