import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { findServiceFolders, folderOf } from "./find-service-folders.ts";
import { loadService } from "./load-service.ts";
import { provideModulesTo } from "./provide-modules-to.ts";

async function createFolders(context: TestContext, files: Record<string, string>): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), "roost-folders-"));
  context.after(() => rm(parent, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(parent, path)), { recursive: true });
    await writeFile(join(parent, path), text);
  }
  return parent;
}

const serviceOf = (name: string) => `import { defineService } from "@roost/contract";
export const service = { contract: defineService({ name: "${name}", title: "T", operations: [] }), handlers: () => [] };
`;

test("findServiceFolders() finds folders with a service.ts and nothing else, and refuses one name twice", async (t) => {
  const parent = await createFolders(t, {
    "peeps/service.ts": serviceOf("peeps"),
    "notes/README.md": "",
    "service.ts": "",
  });
  await symlink(join(parent, "peeps"), join(parent, "linked"));
  const found = await findServiceFolders([parent, join(parent, "missing")]);
  assert.deepEqual([...found.keys()], ["peeps"]);
  assert.equal(folderOf(found, "peeps").directory, join(parent, "peeps"));
  assert.throws(() => folderOf(found, "peps"), { code: "not_found", message: /services\/peps .*did you mean peeps\?/ });
  const other = await createFolders(t, { "peeps/service.ts": "" });
  await assert.rejects(findServiceFolders([parent, other]), { code: "conflict", message: /two services "peeps"/ });
});

test("loadService() gives a service of a folder elsewhere Roost's packages, and says what is wrong with one", async (t) => {
  const parent = await createFolders(t, {
    "peeps/service.ts": serviceOf("peeps"),
    "peeps/domain.yaml": "vocabulary: { handle: A number or an address }",
    "plain/service.ts": "export const other = 1;",
    "status/service.ts": serviceOf("status"),
    "torn/service.ts": 'import { nothing } from "@roost/no-such-room";',
    "twin/service.ts": serviceOf("peeps"),
    "workers/service.ts": serviceOf("workers"),
  });
  using _modules = provideModulesTo(parent);
  const folders = await findServiceFolders([parent]);
  const load = (name: string) => loadService(folderOf(folders, name));
  const { contract } = await load("peeps");
  assert.deepEqual([contract.name, contract.vocabulary], ["peeps", { handle: "A number or an address" }]);
  const refused: Record<string, RegExp> = {
    plain: /plain\/service\.ts exports no value named "service"/,
    status: /status\/service\.ts cannot be loaded: .*roost status is a command already/,
    torn: /torn\/service\.ts cannot be loaded: Cannot find package '@roost\/no-such-room'/,
    twin: /twin\/service\.ts is the service "peeps": name its folder so/,
    workers: /workers\/service\.ts cannot be loaded: .*workers is what hosts run beside services/,
  };
  for (const [name, message] of Object.entries(refused))
    await assert.rejects(load(name), { code: "invalid_input", message });
});
