import assert from "node:assert/strict";
import { test } from "node:test";
import { homeLimits } from "./home-limits.ts";
import { parseHomePath } from "./home-path.ts";
import { nameBeside } from "./merge-texts.ts";
import { hashOf } from "./read-disk-file.ts";

const beside = (path: string, text: string) => nameBeside(path, { by: "laptop", sha256: hashOf(text) });

test("nameBeside() gives a path of the home for every path, also for one that has no room for more", () => {
  assert.match(beside("notes/plan.md", "one"), /^notes\/plan\.laptop-[0-9a-f]{8}\.md$/);
  assert.match(beside("jobs/night.yaml", "one"), /^jobs\/night\.laptop-[0-9a-f]{8}\.yaml\.txt$/);
  const folders = `${"f".repeat(200)}/`.repeat(4);
  for (const path of [
    `notes/${"я".repeat(125)}.md`,
    `jobs/${"n".repeat(250)}.yaml`,
    `notes/${"🌱".repeat(62)}.md`,
    `${folders}${"n".repeat(homeLimits.pathCharsMax - folders.length - 3)}.md`,
    `notes/n.${"e".repeat(253)}`,
  ]) {
    assert.equal(parseHomePath(path), path);
    const [one, two] = ["one", "two"].map((text) => beside(path, text));
    assert.equal(parseHomePath(one!), one);
    assert.notEqual(one, two);
    assert.ok(one!.isWellFormed());
    assert.match(one!, /\.laptop-[0-9a-f]{8}/);
  }
});
