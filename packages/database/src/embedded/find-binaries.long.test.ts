import assert from "node:assert/strict";
import { chmod, cp, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { silentLogger } from "@roost/base";
import { findBinaries, findInstalledBinaries, type Binaries } from "./find-binaries.ts";
import { makeRunnable } from "./make-runnable.ts";
import { chooseServerUser } from "./server-user.ts";

const user = await chooseServerUser("/nowhere");
const asRoot = { skip: user === undefined && "only root hands the server to another user" };

test("makeRunnable() makes the library links that an install without scripts leaves out", async (t) => {
  const installed = await findInstalledBinaries();
  const { native } = await copyInstalled(t, installed);
  const text = await readFile(join(native, "pg-symlinks.json"), "utf8");
  const links = (JSON.parse(text) as { target: string }[]).map(({ target }) => join(native, "..", target));
  assert.ok(links.length > 0);
  for (const link of links) await rm(link);
  assert.equal(await makeRunnable(native, undefined), undefined);
  for (const link of links) assert.ok((await stat(link)).isFile());
});

test("makeRunnable() tells a missing C library from a missing program", async (t) => {
  const directory = await makeDirectory(t);
  await mkdir(join(directory, "bin"));
  await writeFile(join(directory, "bin", "postgres"), "#!/lib/no-such-loader\n", { mode: 0o755 });
  assert.match((await makeRunnable(directory, undefined)) ?? "", /needs glibc/);
  await rm(join(directory, "bin", "postgres"));
  assert.match((await makeRunnable(directory, undefined)) ?? "", /ENOENT/);
});

test("findBinaries() takes the installed binaries where they run", async () => {
  const installed = await findInstalledBinaries();
  const found = await findBinaries(installed, {
    user: undefined,
    copyParents: [],
    logger: silentLogger,
    onCopy: assert.fail,
  });
  assert.equal(found.directory, installed.directory);
  assert.equal(found.versionMajor, 18);
});

test("findBinaries() makes one copy when the server's user cannot reach the installed ones", asRoot, async (t) => {
  const { binaries, options } = await unreachable(t);
  let copyCount = 0;
  const onCopy = () => (copyCount += 1);
  const copy = await findBinaries(binaries, { ...options, onCopy });
  assert.notEqual(copy.directory, binaries.directory);
  assert.equal(await makeRunnable(copy.directory, user), undefined);
  assert.deepEqual(await findBinaries(binaries, { ...options, onCopy }), copy);
  assert.equal(copyCount, 1);
  assert.deepEqual(
    (await readdir(options.copyParents[0] ?? "")).filter((name) => name.includes("partial")),
    [],
  );
});

test("findBinaries() copies again when the copy does not run", asRoot, async (t) => {
  const { binaries, options } = await unreachable(t);
  const copy = await findBinaries(binaries, options);
  await writeFile(join(copy.directory, "bin", "postgres"), "");
  const again = await findBinaries(binaries, options);
  assert.equal(await makeRunnable(again.directory, user), undefined);
});

test("findBinaries() runs nothing from a directory that others can write to", asRoot, async (t) => {
  const { binaries, options } = await unreachable(t);
  await findBinaries(binaries, options);
  await chmod(options.copyParents[0] ?? "", 0o777);
  await assert.rejects(findBinaries(binaries, options), {
    code: "unavailable",
    message: /others can write to it.*DATABASE_URL/,
  });
});

async function unreachable(t: TestContext) {
  const installed = await findInstalledBinaries();
  const { native, parent } = await copyInstalled(t, installed);
  await chmod(parent, 0o700);
  const copyParent = await makeDirectory(t);
  await chmod(copyParent, 0o755);
  const binaries: Binaries = { ...installed, directory: native };
  return { binaries, options: { user, copyParents: [copyParent], logger: silentLogger, onCopy: () => undefined } };
}

async function copyInstalled(t: TestContext, installed: Binaries): Promise<{ parent: string; native: string }> {
  const parent = await makeDirectory(t);
  await cp(installed.directory, join(parent, "native"), { recursive: true, verbatimSymlinks: true });
  return { parent, native: join(parent, "native") };
}

async function makeDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "roost-binaries-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}
