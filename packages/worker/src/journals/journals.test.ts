/** Journals of earlier versions of the loop are finished by their own rules; recorded ones are kept beside this file. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { loopVersions } from "@roost/agent/journal";
import { journalScenes, type JournalScene } from "./journal-scenes.ts";
import type { Step } from "@roost/kernel";
import { carryOverJournal } from "./carry-over-journal.ts";
import { openStage, type Journal, type JournalStep } from "./open-stage.ts";

const present = loopVersions.at(-1)!;

const shapeOf = ({ seq, name, kind, effect, state, inputHash }: JournalStep) => ({
  seq,
  name,
  kind,
  effect,
  state,
  // Those tell how long today's context and tools are; a replay finds them in the recorded context.
  ...(kind === "model" || kind === "compaction" ? {} : { inputHash }),
});

async function readJournals(version: number): Promise<Journal[]> {
  const file = new URL(`version-${version}.fixture.json`, import.meta.url);
  try {
    return JSON.parse(await readFile(file, "utf8")) as Journal[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const journals: Journal[] = [];
  for (const scene of journalScenes) {
    await using stage = await openStage(scene);
    journals.push(await stage.play());
  }
  await writeFile(file, `${JSON.stringify(journals, null, 2)}\n`);
  throw new Error(`${file.pathname} was not there and has been recorded now: look at it, format it and keep it`);
}

async function journalOf(scene: JournalScene, version: number): Promise<Journal> {
  const found = (await readJournals(version)).find((journal) => journal.scene === scene.name);
  assert.ok(found, `version ${version} has no journal of ${scene.name}`);
  return found;
}

for (const scene of journalScenes) {
  test(`The journal of ${scene.name} is what its fixture says: another needs another loop version`, async () => {
    const fixture = await journalOf(scene, present);
    await using stage = await openStage(scene);
    const played = await stage.play();
    assert.deepEqual(played.steps.map(shapeOf), fixture.steps.map(shapeOf));
    assert.equal(played.state, fixture.state);
  });

  for (const version of loopVersions.filter((one) => one >= (scene.since ?? 0))) {
    test(`A journal of loop ${version} of ${scene.name} is replayed, and goes on from each of its steps`, async () => {
      const fixture = await journalOf(scene, version);
      await using stage = await openStage(scene, version);
      const whole = await stage.play(fixture.steps);
      assert.equal(stage.requestCount, 0, "what is recorded is not asked again");
      assert.deepEqual(whole, fixture);
      for (let count = 1; count < fixture.steps.length; count += 1) {
        // What a heartbeat has said to the person it does not say again within a day.
        await using further = scene.run.sessionKind === "heartbeat" ? await openStage(scene, version) : undefined;
        const resumed = await (further ?? stage).play(fixture.steps.slice(0, count));
        const [played, expected] = [resumed.steps.map(shapeOf), fixture.steps.map(shapeOf)];
        // When a context is full depends on how long today's tools are described. An approval is good for its own run alone.
        const isOpen = scene.contextTokensMax !== undefined || fixture.steps[count - 1]?.kind === "approval";
        if (isOpen) assert.deepEqual(played.slice(0, count), expected.slice(0, count), `from step ${count + 1}`);
        else assert.deepEqual(played, expected, `from step ${count + 1}`);
        assert.equal(resumed.state, fixture.state);
      }
    });
  }

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
