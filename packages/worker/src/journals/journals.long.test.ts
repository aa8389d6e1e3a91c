/** Journals of earlier versions of the loop are finished by their own rules: runs go on from each step of those of every version. */
import { test } from "node:test";
import { journalScenes } from "./journal-scenes.ts";
import { replayJournal, versionsOf } from "./replay-journal.ts";

const everyStep = (stepCount: number): number[] => Array.from({ length: stepCount - 1 }, (_, index) => index + 1);

for (const scene of journalScenes) {
  for (const version of versionsOf(scene)) {
    test(`A journal of loop ${version} of ${scene.name} goes on from each of its steps`, () =>
      replayJournal(scene, version, everyStep));
  }
}
