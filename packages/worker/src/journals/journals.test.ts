/** Journals of earlier versions of the loop are finished by their own rules; recorded ones are kept beside this file. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { journalScenes, type JournalScene } from "./journal-scenes.ts";
import { openStage, type Journal, type RecordedStep } from "./play-journal.ts";

const loopVersion = 1;

const shapeOf = ({ seq, name, kind, effect, state, inputHash }: RecordedStep) => ({
  seq,
  name,
  kind,
  effect,
  state,
  inputHash,
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
    const fixture = await journalOf(scene, loopVersion);
    await using stage = await openStage(scene);
    const played = await stage.play();
    assert.deepEqual(played.steps.map(shapeOf), fixture.steps.map(shapeOf));
    assert.equal(played.state, fixture.state);
  });

  test(`A recorded journal of ${scene.name} is replayed, and goes on from each of its steps`, async () => {
    const fixture = await journalOf(scene, loopVersion);
    await using stage = await openStage(scene);
    const whole = await stage.play(fixture.steps);
    assert.equal(stage.requestCount, 0, "what is recorded is not asked again");
    assert.deepEqual(whole, fixture);
    for (let count = 1; count < fixture.steps.length; count += 1) {
      // What a heartbeat has said to the person it does not say again within a day.
      await using further = scene.run.sessionKind === "heartbeat" ? await openStage(scene) : undefined;
      const resumed = await (further ?? stage).play(fixture.steps.slice(0, count));
      assert.deepEqual(resumed.steps.map(shapeOf), fixture.steps.map(shapeOf), `from step ${count + 1}`);
      assert.equal(resumed.state, fixture.state);
    }
  });
}
