/** Reads recorded journals, and executes runs from them; journals.test.ts and journals.long.test.ts choose from which steps. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { loopVersions } from "@roost/agent/journal";
import { journalScenes, type JournalScene } from "./journal-scenes.ts";
import { openStage, type Journal, type JournalStep } from "./open-stage.ts";

export const present = loopVersions.at(-1)!;

export const shapeOf = ({ seq, name, kind, effect, state, inputHash }: JournalStep) => ({
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
  assert.fail(`${file.pathname} was not there and has been recorded now: look at it, format it and keep it`);
}

export async function journalOf(scene: JournalScene, version: number): Promise<Journal> {
  const found = (await readJournals(version)).find((journal) => journal.scene === scene.name);
  assert.ok(found, `version ${version} has no journal of ${scene.name}`);
  return found;
}

/** Versions whose journals there are of a scene. */
export function versionsOf(scene: JournalScene): number[] {
  return loopVersions.filter((version) => version >= (scene.since ?? 0));
}

/** A journal is replayed whole, and the run goes on after each of these numbers of steps. */
export async function replayJournal(
  scene: JournalScene,
  version: number,
  countsOf: (stepCount: number) => number[],
): Promise<void> {
  const fixture = await journalOf(scene, version);
  await using stage = await openStage(scene, version);
  const whole = await stage.play(fixture.steps);
  assert.equal(stage.requestCount, 0, "what is recorded is not asked again");
  assert.deepEqual(whole, fixture);
  for (const count of countsOf(fixture.steps.length)) {
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
}
