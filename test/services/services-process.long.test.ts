/** Services of a home's own folders, hosted beside the gateway as a person has them: whatever they do, the home goes on. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { startScriptedModelServer } from "@roost/agent/testing";
import { pidOf, untilThere } from "./home-services.fixture.ts";
import { startSupervised, type StartedHome } from "../scenarios/start-supervised.ts";

const files: Record<string, string> = {
  "roost.yaml": "services: [orchard, orchid, broken]\nheartbeat: { enabled: false }\n",
  "services/orchard/contract.ts": `import { defineOperation, defineService } from "@roost/contract";
import { z } from "zod";

const output = z.object({ trees: z.number() });
const input = z.object({});
export const countTrees = defineOperation({ id: "countTrees", method: "GET", path: "/trees", summary: "Counts trees", input, output, effect: "readonly" });
export const spin = defineOperation({ id: "spin", method: "POST", path: "/spin", summary: "Never ends", input, output, effect: "idempotent" });
export const orchardContract = defineService({ name: "orchard", title: "Orchard", operations: [countTrees, spin] });
`,
  "services/orchard/service.ts": `import { serve } from "@roost/contract";
import type { Service } from "@roost/service";
import { countTrees, orchardContract, spin } from "./contract.ts";

export const service: Service = {
  contract: orchardContract,
  migrations: new URL("./migrations/", import.meta.url),
  handlers: ({ database }) => [
    serve(countTrees, async () => {
      const [row] = await database.query<{ trees: number }>("select count(*)::int as trees from svc_orchard.tree");
      return row!;
    }),
    serve(spin, async () => {
      for (;;);
    }),
  ],
};
`,
  "services/orchard/migrations/001-trees.sql":
    "create table svc_orchard.tree (name text primary key);\ninsert into svc_orchard.tree values ('apple');",
  "services/broken/service.ts": `import { defineService } from "@roost/contract";
export const service = {
  contract: defineService({ name: "broken", title: "Broken", operations: [] }),
  migrations: new URL("./migrations/", import.meta.url),
  handlers: () => [],
};
`,
  "services/broken/migrations/001-broken.sql": "create table svc_broken.thing (a nothing);",
};

let homeDir: string;
let home: StartedHome;
let model: Awaited<ReturnType<typeof startScriptedModelServer>>;

before(async () => {
  homeDir = await mkdtemp(join(tmpdir(), "roost-services-"));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(homeDir, path)), { recursive: true });
    await writeFile(join(homeDir, path), text);
  }
  model = await startScriptedModelServer({ script: () => "I am here." });
  home = await startSupervised({ directory: homeDir, modelUrl: model.url });
});

after(async () => {
  await home.stop();
  await model[Symbol.asyncDispose]();
  await rm(homeDir, { recursive: true, force: true });
});

const stateOf = async (name: string) => {
  const { items } = await home.api.listServices();
  return items.find((service) => service.name === name);
};

const ask = (path: string, init?: { method: string; body: string }) => home.fetch(`/services/orchard${path}`, init);

test("Services of a home's folders run; one that cannot is told with its reason, and secrets are the owner's alone", async () => {
  await untilThere(async () => ((await stateOf("orchard"))?.state === "running" ? true : undefined));
  assert.deepEqual(await (await ask("/trees")).json(), { trees: 1 });
  const broken = await untilThere(async () =>
    (await stateOf("broken"))?.reason === null ? undefined : stateOf("broken"),
  );
  assert.deepEqual(broken?.state, "blocked");
  assert.match(broken?.reason ?? "", /migration "001-broken".*type "nothing" does not exist/);
  assert.match((await stateOf("orchid"))?.reason ?? "", /no folder services\/orchid .*did you mean orchard\?/);
  const { alarms } = await home.api.getStatus();
  assert.deepEqual(
    alarms.filter(({ code }) => code === "service_down").map(({ text }) => text.split(":")[0]),
    ["Service broken (Broken) is down", "Service orchid is down"],
  );
  const secret = join(homeDir, ".roost/services/orchard.json");
  assert.equal((await stat(secret)).mode & 0o777, 0o600);
});

test("A service that never gives its process back, and the end of that process, leave main, jobs and the gateway going", async () => {
  const spinning = ask("/spin", { method: "POST", body: "{}" });
  const stuck = spinning.then(({ status }) => status);
  assert.equal((await home.api.getStatus()).workers.length, 1);
  const { runId } = await home.api.sendMessage({ sessionKey: "main", text: "Are you there?" });
  await untilThere(async () => ((await home.api.getRun({ runId })).run.state === "done" ? true : undefined));
  const secret = join(homeDir, ".roost/services/orchard.json");
  const before = await pidOf("services", homeDir);
  process.kill(before, "SIGKILL");
  assert.equal(await stuck, 503, "the outcome is unknown");
  await untilThere(async () => ((await ask("/trees")).status === 200 ? true : undefined));
  assert.notEqual(await pidOf("services", homeDir), before);
  assert.match(await readFile(secret, "utf8"), /"roleName":"roost_[0-9a-f]{12}_orchard"/);
});
