import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { promisify } from "node:util";
import { roostScript } from "../clone.ts";
import { runRoost } from "../testing/run-roost.ts";

const run = promisify(execFile);

async function createPlace(context: TestContext): Promise<string> {
  const place = await mkdtemp(join(tmpdir(), "roost-link-"));
  context.after(() => rm(place, { recursive: true, force: true }));
  return place;
}

test("roost link makes a command that runs from any directory, with no Node on the PATH", async (context) => {
  const place = await createPlace(context);
  const directory = join(place, "bin dir");
  const made = await runRoost(["link", "--directory", directory, "--json"], { environment: { PATH: directory } });
  const { link, target } = JSON.parse(made.stdout) as { link: string; target: string };
  assert.deepEqual([made.code, link], [0, join(directory, "roost")]);
  await symlink("bin dir/roost", join(place, "again"));
  for (const program of [link, join(place, "again"), target]) {
    const { stdout } = await run(program, ["--version"], { cwd: place, env: { PATH: "/usr/bin:/bin" } });
    assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
  }
  const repeated = await runRoost(["link", "--directory", directory], { environment: { PATH: directory } });
  assert.deepEqual([repeated.code, repeated.stderr], [0, ""]);
  const removed = await runRoost(["link", "--directory", directory, "--remove"]);
  assert.equal(removed.stdout, `Removed ${link}\n`);
  assert.match((await runRoost(["link", "--directory", directory, "--remove"])).stdout, /does not exist/);
});

test("npx roost in the clone takes what npm has linked, so that another user than the clone's owner may call it", async () => {
  const read = async (path: string) =>
    JSON.parse(await readFile(new URL(path, `file://${roostScript}`), "utf8")) as { bin?: unknown };
  // The command of a root is linked anew, and made executable, by each user.
  assert.equal((await read("./package.json")).bin, undefined);
  assert.deepEqual((await read("./apps/cli/package.json")).bin, { roost: "./bin/roost.mjs" });
});

test("roost link says what to do when its directory is not on the PATH, or another roost comes first", async (context) => {
  const place = await createPlace(context);
  const [directory, earlier] = [join(place, "bin"), join(place, "earlier")];
  const aside = await runRoost(["link", "--directory", directory]);
  assert.match(aside.stderr, new RegExp(`export PATH="${directory}:\\$PATH"`));
  await mkdir(earlier);
  await writeFile(join(earlier, "roost"), "", { mode: 0o755 });
  const environment = { PATH: `${earlier}:${directory}` };
  const second = await runRoost(["link", "--directory", directory], { environment });
  assert.match(second.stderr, /Another program of this name comes first.*earlier/);
});

test("roost link leaves another program of that name alone", async (context) => {
  const place = await createPlace(context);
  const other = join(place, "other");
  await mkdir(join(other, "bin"), { recursive: true });
  await writeFile(join(other, "roost"), "mine");
  await symlink("../roost", join(other, "bin", "roost"));
  for (const directory of [other, join(other, "bin")])
    for (const more of [[], ["--remove"]]) {
      const { code, stderr } = await runRoost(["link", "--directory", directory, ...more]);
      assert.equal(code, 73);
      assert.match(stderr, /is not a link of Roost: move it away/);
    }
  assert.equal(await readlink(join(other, "bin", "roost")), "../roost");
});

test("roost link replaces the link of a clone that was moved, and of npm", async (context) => {
  const place = await createPlace(context);
  const link = join(place, "roost");
  for (const target of [join(place, "gone/roost"), join(roostScript, "../apps/cli/bin/roost.mjs")]) {
    await symlink(target, link);
    const { code, stdout } = await runRoost(["link", "--directory", place]);
    assert.deepEqual([code, stdout], [0, `${link} leads to ${roostScript}\n`]);
    assert.equal((await runRoost(["link", "--directory", place, "--remove"])).code, 0);
  }
});
