import assert from "node:assert/strict";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { createId } from "@roost/base";
import { starterToolNames } from "@roost/contract/operations";
import { getAgent, listAgentVersions, onlyModels } from "@roost/jobs";
import { readTopic } from "@roost/kernel";
import { readSettings } from "@roost/memory/settings";
import { enableServices } from "@roost/service";
import { applyHomeAgents } from "./apply-home-agents.ts";
import { createFilesKeeper } from "./create-files-keeper.ts";
import { knownNamesOf } from "./known-names-of.ts";
import { createTestGateway } from "./testing/create-test-gateway.ts";

async function open(files: Record<string, string> = {}) {
  const gateway = await createTestGateway({ files });
  const { kernel, homeDir } = gateway;
  const known = knownNamesOf(kernel, {
    serviceLists: [],
    modelNames: async () => onlyModels(["small", "large"]),
  });
  return {
    kernel,
    homeDir,
    client: gateway.client,
    apply: () => applyHomeAgents({ ...gateway.memory, settings: readSettings(homeDir) }, known),
    async write(path: string, text: string) {
      await mkdir(dirname(join(homeDir, path)), { recursive: true });
      await writeFile(join(homeDir, path), text);
    },
    remove: (path: string) => rm(join(homeDir, path)),
    async shown(id: string) {
      const { version, state, source, definition } = await getAgent(kernel, id);
      return [version, state, source, definition.prompt];
    },
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  };
}

test("applyHomeAgents() defines agents by files, each change a version, and removes what is gone", async () => {
  await using home = await open({ "agents/poster.md": "---\nmodel: large\n---\nPost." });
  assert.deepEqual(await home.apply(), []);
  assert.deepEqual(await home.apply(), []);
  assert.deepEqual(await home.shown("poster"), [1, "active", "agents/poster.md", "Post."]);
  await home.write("agents/poster.md", "Post daily.");
  await home.apply();
  assert.deepEqual(await home.shown("poster"), [2, "active", "agents/poster.md", "Post daily."]);
  const { versions } = await listAgentVersions(home.kernel, "poster", { limit: 5 });
  assert.deepEqual(
    versions.map(({ definedBy, differences }) => [definedBy, differences.map(({ path }) => path)]),
    [
      ["home", ["model", "prompt"]],
      ["home", []],
    ],
  );
  const { agent } = await home.client.getAgent({ agentId: "poster" });
  assert.equal(agent.source, "agents/poster.md");
  await home.remove("agents/poster.md");
  assert.deepEqual(await home.apply(), []);
  assert.deepEqual((await home.shown("poster")).slice(0, 2), [2, "removed"]);
});

test("applyHomeAgents() leaves the agent of a broken file as it was and applies the others", async () => {
  await using home = await open({ "agents/a.md": "one", "agents/main.md": "I am main." });
  await home.apply();
  await home.write("agents/a.md", "---\nmodle: x\n---\ntwo");
  await home.write("agents/main.md", "---\ntools: all\n---\nx");
  await home.write("agents/b.md", "b");
  const notices = await home.apply();
  assert.equal(notices.length, 2);
  assert.match(notices.join(), /agents\/a\.md was not applied: modle is not a key of an agent: did you mean model\?/);
  assert.deepEqual(await home.shown("a"), [1, "active", "agents/a.md", "one"]);
  assert.deepEqual((await home.shown("main")).slice(1), ["active", "agents/main.md", "I am main."]);
  assert.deepEqual(await home.shown("b"), [1, "active", "agents/b.md", "b"]);
});

test("applyHomeAgents() leaves an agent of roost.yaml as it was when it names what does not exist, and creates no such one", async () => {
  await using home = await open({ "roost.yaml": "agents: { a: { model: large, prompt: one }, b: { prompt: two } }\n" });
  await home.apply();
  const agents =
    "{ a: { model: lage, prompt: new }, b: { prompt: new }, c: { tools: [read_fil] }, main: { services: [x] } }";
  await home.write("roost.yaml", `agents: ${agents}\n`);
  const notices = await home.apply();
  assert.equal(notices.length, 3);
  assert.match(
    notices[0] ?? "",
    /^agents\.a of roost\.yaml was not applied: .* names the model "lage", which does not exist; did you mean large\?$/,
  );
  assert.deepEqual(await home.shown("a"), [1, "active", "roost.yaml", "one"]);
  assert.deepEqual(await home.shown("b"), [2, "active", "roost.yaml", "new"]);
  assert.deepEqual((await home.shown("main")).slice(0, 2), [1, "active"]);
  await assert.rejects(home.shown("c"), { code: "not_found" });
});

test("applyHomeAgents() takes an agent from one file only, and one that moves to another file keeps its version", async () => {
  await using home = await open({ "roost.yaml": "agents: { a: { prompt: one } }\n" });
  await home.apply();
  await home.write("agents/a.md", "two");
  assert.match((await home.apply()).join(), /agents\/a\.md was not applied: agent "a" is also defined in roost\.yaml/);
  assert.deepEqual(await home.shown("a"), [1, "active", "roost.yaml", "one"]);
  await home.write("roost.yaml", "agents: {}\n");
  await home.write("agents/a.md", "one");
  assert.deepEqual(await home.apply(), []);
  assert.deepEqual(await home.shown("a"), [1, "active", "agents/a.md", "one"]);
  await home.write("agents/main.md", "I am main.");
  await home.apply();
  assert.deepEqual((await home.shown("main")).slice(2), ["agents/main.md", "I am main."]);
  await home.remove("agents/main.md");
  await home.apply();
  assert.deepEqual((await home.shown("main")).slice(1), ["active", "roost.yaml", undefined]);
});

test("createFilesKeeper() applies a file of agents that changes while Roost runs, and tells why one cannot be", async () => {
  await using home = await open();
  const { kernel, homeDir } = home;
  const keeper = createFilesKeeper(kernel, { homeDir, apply: home.apply, said: await home.apply() });
  await keeper.look();
  await home.write("agents/a.md", "one");
  await keeper.look();
  assert.deepEqual(await home.shown("a"), [1, "active", "agents/a.md", "one"]);
  await home.write("agents/b.md", "---\nservice: [garden]\n---\n");
  await keeper.look();
  const { events } = await readTopic(kernel.database, { topic: "notices", limit: 10 });
  const texts = events.filter(({ type }) => type === "notice.raised").map(({ data }) => String(data["text"]));
  assert.match(
    texts.join(),
    /^agents\/b\.md was not applied: service is not a key of an agent: did you mean services\?$/,
  );
});

test("applyHomeAgents() takes the agents of services in use, with closed lists and no more rights than their service gives", async () => {
  await using home = await open({
    "services/shelf/agents/shelf.md": "---\ntitle: Books\ntools: [remember]\n---\nFind books.",
    "services/shelf/agents/shelf-greedy.md": "---\nservices: [shelf, peeps]\n---\nx",
    "services/shelf/agents/shelf-free.md": "---\npolicies: { http_send: allow }\n---\nx",
    "services/shelf/agents/main.md": "I am main.",
    "services/other/agents/other.md": "Not in use.",
  });
  const enable = (names: string[]) => enableServices(home.kernel.database, { names, homeId: createId() });
  await enable(["shelf"]);
  const notices = (await home.apply()).join("\n");
  assert.match(
    notices,
    /shelf-greedy\.md was not applied: services: peeps is more than an agent of a service may have/,
  );
  assert.match(notices, /shelf-free\.md was not applied: policies: http_send: allow is more/);
  assert.match(notices, /agents\/main\.md was not applied: an agent of the service shelf is named shelf or shelf-…/);
  const { definition, source } = await getAgent(home.kernel, "shelf");
  assert.equal(source, "services/shelf/agents/shelf.md");
  assert.deepEqual(definition, {
    title: "Books",
    prompt: "Find books.",
    tools: ["remember"],
    services: ["shelf"],
    mcp: [],
    agents: [],
    skills: [],
    clearance: ["aud:domain:shelf"],
  });
  await assert.rejects(getAgent(home.kernel, "other"), { code: "not_found" });
  await home.write("agents/shelf.md", "My own.");
  await home.apply();
  assert.deepEqual((await home.shown("shelf")).slice(2), ["agents/shelf.md", "My own."]);
  await home.remove("agents/shelf.md");
  await enable([]);
  await home.apply();
  assert.equal((await home.shown("shelf"))[1], "removed");
});

/** As the migration leaves an agent whose file named no tools: it has these. */
async function cameFromBefore({ kernel }: Awaited<ReturnType<typeof open>>, agents: Record<string, string[]>) {
  for (const [id, tools] of Object.entries(agents)) {
    const list = JSON.stringify(tools);
    await kernel.database.query("insert into roost.unlisted_agent (agent_id, tools) values ($1, $2::jsonb)", [
      id,
      list,
    ]);
    for (const [table, key] of [
      ["agent", "id"],
      ["agent_version", "agent_id"],
    ])
      await kernel.database.query(
        `update roost.${table} set definition = definition || jsonb_build_object('tools', $2::jsonb) where ${key} = $1`,
        [id, list],
      );
  }
}

async function noticesOf({ kernel }: Awaited<ReturnType<typeof open>>): Promise<string[]> {
  const { events } = await readTopic(kernel.database, { topic: "notices", limit: 20 });
  return events.filter(({ type }) => type === "notice.raised").map(({ data }) => String(data["text"]));
}

test("applyHomeAgents() writes the tools of agents from before into their files, once, and tells the person", async () => {
  await using home = await open({
    "agents/clerk.md": "---\ntitle: Clerk # mine\n---\nCount.\n",
    "agents/bare.MD": "Only words.\n",
    "agents/thinker.md": "Think.\n",
    "agents/own.md": "---\ntools: [recall]\n---\nMine.\n",
    "roost.yaml": "agents:\n  poster: { prompt: Post. } # mine\n",
  });
  await home.apply();
  const tools = ["read_file", "notify"];
  await cameFromBefore(home, { clerk: tools, bare: tools, main: tools, poster: tools, thinker: [], own: tools });
  assert.deepEqual(await home.apply(), []);
  const read = (path: string) => readFile(join(home.homeDir, path), "utf8");
  const line = "tools: [read_file, notify]\n";
  assert.equal(await read("agents/clerk.md"), `---\n${line}title: Clerk # mine\n---\nCount.\n`);
  assert.equal(await read("agents/bare.MD"), `---\n${line}---\n\nOnly words.\n`);
  assert.equal(await read("agents/thinker.md"), "---\ntools: []\n---\n\nThink.\n");
  assert.equal(await read("agents/main.md"), `---\n${line}---\n\n`);
  assert.match(await read("roost.yaml"), /poster: \{ prompt: Post\., tools: \[ ?read_file, notify ?\] \} # mine/);
  const shown = async (id: string) => {
    const { version, definition } = await getAgent(home.kernel, id);
    return [id, version, definition.tools];
  };
  const had = [
    ["bare", 1, tools],
    ["clerk", 1, tools],
    ["main", 1, tools],
    ["poster", 1, tools],
    ["thinker", 1, []],
  ];
  const ids = had.map(([id]) => String(id));
  assert.deepEqual(await Promise.all(ids.map(shown)), had, "what they have has not changed");
  assert.deepEqual(await home.apply(), []);
  const [told, ...more] = await noticesOf(home);
  assert.match(
    told ?? "",
    /into agents\/bare\.MD, agents\/clerk\.md, agents\/main\.md, roost\.yaml, agents\/thinker\.md: take out/,
  );
  assert.deepEqual(more, []);
  // From now on what its file names is all: a list that is taken out is gone.
  await home.write("agents/clerk.md", "Count.\n");
  await home.apply();
  assert.deepEqual(await shown("clerk"), ["clerk", 2, undefined]);
  await home.remove("agents/main.md");
  await home.apply();
  assert.deepEqual(await shown("main"), ["main", 2, undefined]);
});

test("applyHomeAgents() leaves an agent from before what it had while its file cannot be applied or written, and says what to add", async () => {
  const flow = "---\n{ title: Clerk }\n---\nCount.\n";
  await using home = await open({ "agents/broken.md": "one", "agents/clerk.md": flow });
  await home.apply();
  await cameFromBefore(home, { broken: ["notify"], clerk: ["notify"] });
  await home.write("agents/broken.md", "---\nmodle: x\n---\ntwo");
  for (let times = 2; times > 0; times -= 1) {
    const notices = await home.apply();
    assert.equal(notices.length, 2, notices.join("\n"));
    assert.match(notices.join("\n"), /agents\/clerk\.md names no tools.*until this line is there: tools: \[notify\]/);
    for (const id of ["broken", "clerk"])
      assert.deepEqual((await getAgent(home.kernel, id)).definition.tools, ["notify"], id);
  }
  await home.write("agents/clerk.md", "---\n{ title: Clerk, tools: [] }\n---\nCount.\n");
  await home.write("agents/broken.md", "two");
  assert.deepEqual(await home.apply(), []);
  assert.deepEqual((await getAgent(home.kernel, "clerk")).definition.tools, [], "what its file names is all");
  assert.deepEqual((await getAgent(home.kernel, "broken")).definition.tools, ["notify"]);
  assert.equal(await readFile(join(home.homeDir, "agents/broken.md"), "utf8"), "---\ntools: [notify]\n---\n\ntwo");
});

test("applyHomeAgents() makes a file for main where the database is new and nothing defines it, and never again", async () => {
  await using home = await open({ "SOUL.md": "I am Wren.\n" });
  await home.kernel.database.query("truncate roost.agent, roost.agent_version");
  assert.deepEqual(await home.apply(), []);
  const { source, definition } = await getAgent(home.kernel, "main");
  assert.deepEqual([source, definition], ["agents/main.md", { tools: definition.tools }]);
  assert.deepEqual(definition.tools?.toSorted(), starterToolNames.toSorted());
  await home.remove("agents/main.md");
  await home.apply();
  assert.deepEqual((await getAgent(home.kernel, "main")).definition, {});
  await using own = await open({ "roost.yaml": "agents: { main: { tools: [recall] } }\n" });
  await own.kernel.database.query("truncate roost.agent, roost.agent_version");
  assert.deepEqual(await own.apply(), []);
  assert.deepEqual((await getAgent(own.kernel, "main")).definition.tools, ["recall"]);
});

test("applyHomeAgents() says of a main that was defined before and meets a new database that it has no tools, and how it gets some", async () => {
  await using home = await open({ "agents/main.md": "I am main." });
  await home.kernel.database.query("truncate roost.agent, roost.agent_version");
  const said = await home.apply();
  assert.equal(said.length, 1);
  assert.match(said[0]!, /main names no tools in agents\/main\.md, so it has none: tools: .*read_file/s);
  assert.deepEqual(await home.apply(), []);
});
