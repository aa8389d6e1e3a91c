/** Services in a home that runs, as the pages say it. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { startScriptedModelServer } from "@roost/agent/testing";
import { startSupervised, type StartedHome } from "../scenarios/start-supervised.ts";
import { readExample, runCommand } from "./home-services.fixture.ts";

let homeDir: string;
let home: StartedHome;
let model: Awaited<ReturnType<typeof startScriptedModelServer>>;

before(async () => {
  homeDir = await mkdtemp(join(tmpdir(), "roost-in-a-home-"));
  model = await startScriptedModelServer({ script: () => "I am here." });
  home = await startSupervised({ directory: homeDir, modelUrl: model.url });
});

after(async () => {
  await home.stop();
  await model[Symbol.asyncDispose]();
  await rm(homeDir, { recursive: true, force: true });
});

const ask = async (path: string, body?: object) => {
  const response = await home.fetch(path, body && { method: "POST", body: JSON.stringify(body) });
  return (await response.json()) as Record<string, unknown>;
};

test("The example of docs/services.md runs in a fresh home by what the page says, without a restart", async () => {
  for (const [path, text] of await readExample()) {
    await mkdir(dirname(join(homeDir, "services", path)), { recursive: true });
    await writeFile(join(homeDir, "services", path), text);
  }
  const enabled = await runCommand(homeDir, "service", "enable", "shelf");
  assert.match(enabled.printed, /shelf runs/);
  await ask("/services/shelf/books", { title: "Ubik", friend: "Mara" });
  const { items } = await ask("/services/shelf/books");
  assert.match(JSON.stringify(items), /"title":"Ubik"/);
  const { data } = await ask("/graphql", { query: "{ shelf_listBooks { items { title friend } } }" });
  assert.deepEqual(data, { shelf_listBooks: { items: [{ title: "Ubik", friend: "Mara" }] } });
});
