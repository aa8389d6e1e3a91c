/** Runs go on from each step of journals of earlier versions; journals.test.ts tries one step of each. */
import { test } from "node:test";
import { journalScenes } from "./journal-scenes.ts";
import { everyStep, present, replayJournal, versionsOf } from "./replay-journal.ts";

for (const scene of journalScenes) {
  for (const version of versionsOf(scene).filter((one) => one !== present)) {
    test(`A journal of loop ${version} of ${scene.name} goes on from each of its steps`, () =>
      replayJournal(scene, version, everyStep));
  }
}
