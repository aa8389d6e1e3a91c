import assert from "node:assert/strict";
import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { createTemporaryHome } from "../testing/temporary-home.ts";
import { createHome, prepareMachinery } from "./create-home.ts";

const template = fileURLToPath(new URL("../testing/home-template", import.meta.url));
const entries = async (home: string) =>
  (await readdir(home, { recursive: true })).filter((name) => !name.startsWith(".roost")).toSorted();
const fill = (text: string) => text;
const filled = ["SOUL.md", "memory", join("memory", "README.md")];

test("createHome() fills an empty home, once", async () => {
  await using paths = await createTemporaryHome();
  await prepareMachinery(paths);
  assert.equal(await createHome(paths, { template, fill }), true);
  assert.deepEqual(await entries(paths.home), filled);
  for (const name of filled) await rm(join(paths.home, name), { recursive: true, force: true });
  assert.equal(await createHome(paths, { template, fill }), false);
  assert.deepEqual(await entries(paths.home), [], "what a person has removed stays removed");
});

test("createHome() touches nothing in a home that holds anything", async () => {
  await using paths = await createTemporaryHome();
  await prepareMachinery(paths);
  await writeFile(join(paths.home, "notes.txt"), "mine");
  assert.equal(await createHome(paths, { template, fill }), false);
  assert.deepEqual(await entries(paths.home), ["notes.txt"]);
});

test("createHome() finishes what a killed process has begun, at each of its steps", async () => {
  for (const step of ["copying", "copied", "moving"]) {
    await using paths = await createTemporaryHome();
    await prepareMachinery(paths);
    const staged = join(paths.machinery, "new-home");
    if (step === "copying") {
      await mkdir(`${staged}.partial`);
      await writeFile(join(`${staged}.partial`, "SOUL.md"), "# So");
    } else {
      await cp(template, staged, { recursive: true });
    }
    if (step === "moving") await rename(join(staged, "SOUL.md"), join(paths.home, "SOUL.md"));
    assert.equal(await createHome(paths, { template, fill }), true, step);
    assert.deepEqual(await entries(paths.home), filled, step);
    assert.equal(
      await readFile(join(paths.home, "SOUL.md"), "utf8"),
      await readFile(join(template, "SOUL.md"), "utf8"),
    );
    assert.ok(!(await readdir(paths.machinery)).some((name) => name.startsWith("new-home")), step);
  }
});

test("createHome() leaves a file that the person made meanwhile", async () => {
  await using paths = await createTemporaryHome();
  await prepareMachinery(paths);
  await cp(template, join(paths.machinery, "new-home"), { recursive: true });
  await writeFile(join(paths.home, "SOUL.md"), "mine");
  assert.equal(await createHome(paths, { template, fill }), true);
  assert.equal(await readFile(join(paths.home, "SOUL.md"), "utf8"), "mine");
});

test("prepareMachinery() refuses a home that is a file and says what to do", async () => {
  await using paths = await createTemporaryHome();
  await rm(paths.home, { recursive: true });
  await writeFile(paths.home, "");
  await assert.rejects(prepareMachinery(paths), {
    code: "invalid_input",
    message: /cannot be used as the home.*set ROOST_HOME/,
  });
});
