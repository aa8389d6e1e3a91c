/** A home, and another beside it that moves in by the command. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createTestGateway, type TestGateway } from "../../apps/gateway/src/testing/create-test-gateway.ts";
import { runRoost } from "../../apps/cli/src/testing/run-roost.ts";

interface Report {
  kind: string;
  counts: Record<string, Record<string, number>>;
  refused: { name: string; reason: string }[];
  kept: { name: string; reason: string }[];
  noPlace: { name: string; reason: string }[];
  secrets: { name: string; reason: string }[];
  notes: string[];
}

/** Every file of an export, but the manifest, by path. */
export async function readContents(directory: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) found.set(path.slice(directory.length + 1), await readFile(path, "latin1"));
  }
  found.delete("manifest.json");
  return found;
}

export interface Moving extends AsyncDisposable {
  gateway: TestGateway;
  dir: string;
  write(files: Record<string, string | Buffer>): Promise<void>;
  imported(...options: string[]): Promise<Report>;
  home(path: string): Promise<string>;
}

export async function openMoving(options: { homeFiles?: Record<string, string> } = {}): Promise<Moving> {
  await using opened = new AsyncDisposableStack();
  const gateway = opened.use(await createTestGateway({ files: options.homeFiles ?? {} }));
  const dir = await mkdtemp(join(tmpdir(), "roost-there-"));
  opened.defer(() => rm(dir, { recursive: true, force: true }));
  const token = (await readFile(join(gateway.homeDir, ".roost/token"), "utf8")).trim();
  const owned = opened.move();
  return {
    gateway,
    dir,
    async write(files) {
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(dir, path)), { recursive: true });
        await writeFile(join(dir, path), text);
      }
    },
    async imported(...given) {
      const end = await runRoost(["import", dir, "--json", ...given], {
        url: gateway.url,
        environment: { ROOST_TOKEN: token },
      });
      assert.equal(end.code, 0, end.stderr);
      return JSON.parse(end.stdout) as Report;
    },
    home: (path) => readFile(join(gateway.homeDir, path), "utf8"),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
