import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { createTemporaryHome } from "../testing/temporary-home.ts";
import { askFirstHome, fillTemplate, isNewHome } from "./first-home.ts";

async function answer(lines: readonly string[], given = {}) {
  const input = new PassThrough();
  const output = new PassThrough();
  const answers = [...lines];
  let shown = "";
  output.on("data", (part: Buffer) => {
    shown += String(part);
    if (!String(part).endsWith(": ")) return;
    const next = answers.shift();
    if (next === undefined) input.end();
    else input.write(`${next}\n`);
  });
  const first = await askFirstHome(given, { input, output, home: "/h" });
  return { first, shown };
}

test("askFirstHome() takes answers, defaults for Enter, and asks again for what cannot be", async () => {
  const { first, shown } = await answer(["Eva", "", "nowhere", "Europe/Vienna", "much", "2.50"]);
  assert.deepEqual(first, { name: "Eva", agentName: "Wren", timeZone: "Europe/Vienna", usdPerDay: "2.50" });
  assert.equal(shown.split("Time zone").length, 3, "it asked twice");
  assert.match(shown, /Give a time zone like Europe\/Berlin/);
});

test("askFirstHome() asks only for what was not given, and takes the defaults at the end of its input", async () => {
  const { first, shown } = await answer([], { name: "Eva", usdPerDay: "3" });
  assert.equal(first?.name, "Eva");
  assert.deepEqual([first?.agentName, first?.usdPerDay], ["Wren", "3"]);
  assert.doesNotMatch(shown, /Your name|dollars a day/);
});

test("fillTemplate() fills the places that it knows and leaves the others", () => {
  const first = { name: "Eva $&", timeZone: "Europe/Vienna" };
  assert.equal(
    fillTemplate("<person> in <timeZone>, < else > <other>", first),
    "Eva $& in Europe/Vienna, < else > <other>",
  );
});

test("isNewHome() is true for a directory without anything of a person, until the home was created", async () => {
  await using paths = await createTemporaryHome();
  assert.equal(await isNewHome(paths), true);
  await mkdir(paths.machinery, { recursive: true });
  assert.equal(await isNewHome(paths), true);
  await writeFile(paths.mark, "{}");
  assert.equal(await isNewHome(paths), false);
  await writeFile(join(paths.home, "notes.txt"), "mine");
  assert.equal(await isNewHome(paths), false);
});
