/** Recorded journals are what this version of the loop writes, and runs go on from them; those of earlier versions: journals.long.test.ts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { journalScenes } from "./journal-scenes.ts";
import type { Step } from "@roost/kernel";
import { carryOverJournal } from "./carry-over-journal.ts";
import { openStage, type Journal } from "./open-stage.ts";
import { journalOf, present, replayJournal, shapeOf } from "./replay-journal.ts";

const middle = (stepCount: number) => [Math.floor(stepCount / 2)];

for (const scene of journalScenes) {
  test(`The journal of ${scene.name} is what its fixture says: another needs another loop version`, async () => {
    const fixture = await journalOf(scene, present);
    await using stage = await openStage(scene);
    const played = await stage.play();
    assert.deepEqual(played.steps.map(shapeOf), fixture.steps.map(shapeOf));
    assert.equal(played.state, fixture.state);
  });

  test(`A journal of ${scene.name} is replayed, and goes on from the middle`, () =>
    replayJournal(scene, present, middle));

  test(`What an outdated journal of ${scene.name} came to is the context of its fork, which ends as well`, async () => {
    const fixture = await journalOf(scene, present);
    await using stage = await openStage(scene);
    const carried = carryOverJournal(
      fixture.steps.slice(
        0,
        fixture.steps.findLastIndex(({ kind }) => kind === "model"),
      ) as Step[],
    );
    const steps = carried.map(({ name, kind, output }, index) => ({
      ...fixture.steps[0]!,
      seq: index + 1,
      name,
      kind,
      output,
    }));
    const played = await stage.play(steps);
    assert.equal(played.state, "done");
    const models = ({ steps: all }: Journal) => all.filter(({ kind }) => kind === "model").length;
    assert.ok(models(played) < models(fixture) || models(fixture) === 1, "what was thought is not thought again");
  });
}
