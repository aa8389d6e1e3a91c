/** Services of a home's own folders, hosted beside the gateway as a person has them: whatever they do, the home goes on. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { startScriptedModelServer } from "@roost/agent/testing";
import { runCommand, until } from "./home-services.fixture.ts";
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

/** A service as its program is written at some time: which operations it has, and what its event says. */
const pond = (
  operations: string,
  event: string,
) => `import { defineEvent, defineOperation, defineService, serve } from "@roost/contract";
import { z } from "zod";
const input = z.object({});
const output = z.object({ text: z.string() });
const all = [${operations}].map((id) =>
  defineOperation({ id, method: "GET", path: "/" + id, summary: "Says " + id, input, output, effect: "readonly" }));
const dug = defineEvent({ ${event}, type: "pond.dug", topic: "pond", subject: "pond" });
export const service = {
  contract: defineService({ name: "pond", title: "Pond", operations: all, events: [dug] }),
  handlers: () => all.map((operation) => serve(operation, async () => ({ text: operation.id }))),
};
`;

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

const roost = (...args: string[]) => runCommand(homeDir, ...args);

const stateOf = async (name: string) => {
  const { items } = await home.api.listServices();
  return items.find((service) => service.name === name);
};

async function readProcesses(): Promise<{ name: string; identity: string }[]> {
  const owner = JSON.parse(await readFile(join(homeDir, ".roost/owner.json"), "utf8")) as {
    children: { name: string; identity: string }[];
  };
  return owner.children;
}

const namesOfProcesses = async () => (await readProcesses()).map(({ name }) => name);

async function pidOfServices(): Promise<number> {
  return Number.parseInt((await readProcesses()).find(({ name }) => name === "services")!.identity, 10);
}

const ask = (path: string, init?: { method: string; body: string }) => home.fetch(`/services/orchard${path}`, init);

test("Services of a home's folders run; one that cannot is told with its reason, and secrets are the owner's alone", async () => {
  await until(async () => ((await stateOf("orchard"))?.state === "running" ? true : undefined));
  assert.deepEqual(await (await ask("/trees")).json(), { trees: 1 });
  const broken = await until(async () => ((await stateOf("broken"))?.reason === null ? undefined : stateOf("broken")));
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
  await until(async () => ((await home.api.getRun({ runId })).run.state === "done" ? true : undefined));
  const secret = join(homeDir, ".roost/services/orchard.json");
  const before = await pidOfServices();
  process.kill(before, "SIGKILL");
  assert.equal(await stuck, 503, "the outcome is unknown");
  await until(async () => ((await ask("/trees")).status === 200 ? true : undefined));
  assert.notEqual(await pidOfServices(), before);
  assert.match(await readFile(secret, "utf8"), /"roleName":"roost_[0-9a-f]{12}_orchard"/);
});

test("A service comes, changes and leaves while Roost runs: others answer all the time, and a change that may not be is refused with its path", async () => {
  await until(async () => ((await stateOf("orchard"))?.state === "running" ? true : undefined));
  const put = async (operations: string, event: string) => {
    await mkdir(join(homeDir, "services/pond"), { recursive: true });
    await writeFile(join(homeDir, "services/pond/service.ts"), pond(operations, event));
  };
  const answers = new Map<number, number>();
  const over = new AbortController();
  const calling = (async () => {
    while (!over.signal.aborted) {
      const { status } = await ask("/trees");
      answers.set(status, (answers.get(status) ?? 0) + 1);
    }
  })();
  await put('"frogs"', "version: 1, schema: z.object({ deep: z.number() })");
  assert.match((await roost("service", "enable", "pond")).printed, /pond enabled in .*\npond runs\n/);
  const says = async (id: string) => {
    const response = await home.fetch(`/services/pond/${id}`);
    return response.status === 200 ? ((await response.json()) as { text: string }).text : undefined;
  };
  assert.equal(await says("frogs"), "frogs");
  assert.equal(await says("newts"), undefined);
  const before = await pidOfServices();

  await put('"frogs", "newts"', "version: 2, schema: z.object({ deep: z.number(), wide: z.number().optional() })");
  assert.equal((await roost("service", "migrate", "pond")).printed, "pond: nothing to apply\n");
  assert.equal(await until(() => says("newts")), "newts");
  await until(async () => ((await pidOfServices()) === before ? undefined : true));

  await put('"frogs"', "version: 3, schema: z.object({ deep: z.string(), wide: z.number() })");
  const refused = await roost("service", "migrate", "pond");
  assert.match(
    refused.printed,
    /pond: event "pond\.dug" version 3 is not \w+ compatible at \/?(properties\/)?(deep|wide)/,
  );
  assert.notEqual(refused.code, 0);
  assert.equal(await says("newts"), "newts");

  await put('"frogs"', "version: 2, schema: z.object({ deep: z.number(), wide: z.number().optional() })");
  const taken = await roost("service", "migrate", "pond");
  assert.match(taken.printed, /pond: service "pond" takes away what its callers know: newts: the operation is gone/);
  assert.equal(await says("newts"), "newts", "agents go on with the one that they know");
  const { items } = await home.api.listServices();
  assert.equal(items.find(({ name }) => name === "pond")?.state, "running");
  const { runId } = await home.api.sendMessage({ sessionKey: "main", text: "Still there?" });
  await until(async () => ((await home.api.getRun({ runId })).run.state === "done" ? true : undefined));

  assert.equal((await roost("service", "migrate", "pond", "--accept-breaks")).printed, "pond: nothing to apply\n");
  await until(async () => ((await says("newts")) === undefined ? true : undefined));
  assert.equal(await until(() => says("frogs")), "frogs");

  assert.match((await roost("service", "disable", "pond")).printed, /pond has ended/);
  assert.equal(await says("frogs"), undefined);
  over.abort();
  await calling;
  assert.deepEqual([...answers.keys()], [200], "the other service answered all the time");
  assert.ok(answers.get(200)! > 20);
  await writeFile(join(homeDir, "roost.yaml"), files["roost.yaml"]!.replace(/\[.*\]/, "[]"));
  await until(async () => ((await namesOfProcesses()).includes("services") ? undefined : true));
});
