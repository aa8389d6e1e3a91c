import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { findRoostCommand, nameCommands } from "./roost-command.ts";

async function createPlace(context: { after(end: () => Promise<void>): void }) {
  const place = await mkdtemp(join(tmpdir(), "roost-command-"));
  context.after(() => rm(place, { recursive: true, force: true }));
  for (const name of ["clone", "first", "second"]) await mkdir(join(place, name));
  const script = join(place, "clone/roost");
  await writeFile(script, "#!/bin/sh\n");
  await chmod(script, 0o755);
  return { script, place, path: `${join(place, "first")}:${join(place, "second")}` };
}

test("findRoostCommand() is roost when the first one on the PATH leads to this clone", async (context) => {
  const { script, place, path } = await createPlace(context);
  await symlink(script, join(place, "second/roost"));
  assert.equal(findRoostCommand({ script, path, userDirectory: "/srv/eva" }), "roost");
  await writeFile(join(place, "first/roost"), "", { mode: 0o755 });
  assert.equal(findRoostCommand({ script, path, userDirectory: "/srv/eva" }), script, "a stranger's comes first");
});

test("findRoostCommand() is the script's path otherwise, short below the user's directory and quoted", () => {
  const of = (script: string) => findRoostCommand({ script, path: undefined, userDirectory: "/srv/eva" });
  assert.equal(of("/opt/roost/roost"), "/opt/roost/roost");
  assert.equal(of("/srv/eva/code/roost/roost"), "~/code/roost/roost");
  assert.equal(of("/srv/eva/my code/roost"), "~/'my code/roost'");
  assert.equal(of("/srv/evan/roost"), "/srv/evan/roost");
});

test("nameCommands() names commands in hints as they are called here, and nothing else", () => {
  const named = (text: string) => nameCommands(text, "~/r/roost");
  assert.equal(
    named("See roost log why 1; (roost down, roost up)"),
    "See ~/r/roost log why 1; (~/r/roost down, ~/r/roost up)",
  );
  for (const text of ["Roost is up", "/x/roost ps", "the roost: command", "npm run roost"])
    assert.equal(named(text), text);
  assert.equal(nameCommands("roost ps", "roost"), "roost ps");
  assert.equal(nameCommands("roost ps", "'/$&/roost'"), "'/$&/roost' ps");
});
