import assert from "node:assert/strict";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { applyJobs, getAgent, getJob, pauseJob, removeJob, resumeJob, onlyModels } from "@roost/jobs";
import { readTopic } from "@roost/kernel";
import { readSettings } from "@roost/memory/settings";
import { applyHomeAgents } from "./apply-home-agents.ts";
import { applyHomeJobs } from "./apply-home-jobs.ts";
import { describeActiveJobs } from "./describe-active-jobs.ts";
import { createFilesKeeper } from "./create-files-keeper.ts";
import { knownNamesOf } from "./known-names-of.ts";
import { createTestGateway } from "./testing/create-test-gateway.ts";

const yaml = (id: string, prompt: string) => `id: ${id}\ntrigger: { kind: every, every: 1h }\nprompt: ${prompt}\n`;

async function open(files: Record<string, string> = {}) {
  const gateway = await createTestGateway({ files });
  const { kernel, homeDir } = gateway;
  const known = knownNamesOf(kernel, { serviceLists: [], modelNames: async () => onlyModels(["small"]) });
  return {
    gateway,
    kernel,
    known,
    apply: () => applyHomeJobs({ ...gateway.memory, settings: readSettings(homeDir) }, known),
    async write(path: string, text: string) {
      await mkdir(dirname(join(homeDir, path)), { recursive: true });
      await writeFile(join(homeDir, path), text);
    },
    promptOf: async (id: string) => (await getJob(kernel, id)).definition.prompt,
    stateOf: async (id: string) => (await getJob(kernel, id)).state,
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  };
}

test("applyHomeJobs() applies a file when it has changed, and leaves what was changed by command until then", async () => {
  await using home = await open({ "jobs/a.yaml": yaml("a", "one") });
  assert.deepEqual(await home.apply(), []);
  assert.equal(await home.promptOf("a"), "one");
  await home.gateway.client.defineJob({ jobId: "a", trigger: { kind: "manual" }, prompt: "by command" });
  await home.apply();
  assert.equal(await home.promptOf("a"), "by command");
  await home.write("jobs/a.yaml", yaml("a", "two"));
  await home.apply();
  assert.equal(await home.promptOf("a"), "two");
});

test("applyHomeJobs() says when a file replaces what was changed by command, and when a file of jobs is gone", async () => {
  await using home = await open({ "jobs/a.yaml": yaml("a", "one"), "jobs/b.yaml": yaml("b", "one") });
  await home.apply();
  await home.gateway.client.defineJob({ jobId: "a", trigger: { kind: "manual" }, prompt: "by command" });
  assert.deepEqual(await home.apply(), []);
  await home.write("jobs/a.yaml", yaml("a", "two"));
  assert.match(
    (await home.apply()).join(),
    /jobs\/a\.yaml changed and was applied: it replaces .*roost jobs versions a/,
  );
  assert.deepEqual(await home.apply(), []);
  await rm(join(home.gateway.homeDir, "jobs/b.yaml"));
  for (let count = 0; count < 2; count += 1)
    assert.match(
      (await home.apply()).join(),
      /jobs\/b\.yaml was deleted, but b from it is still defined: roost jobs remove b$/m,
    );
  await removeJob(home.kernel, "b", { by: "person:owner" });
  assert.deepEqual(await home.apply(), []);
});

test("applyHomeJobs() says when a file takes over a job that was made by command", async () => {
  await using home = await open();
  await home.gateway.client.defineJob({ jobId: "a", trigger: { kind: "manual" }, prompt: "by command" });
  await home.write("jobs/a.yaml", yaml("a", "one"));
  assert.match(
    (await home.apply()).join(),
    /jobs\/a\.yaml was applied: it replaces the job "a" as \S+ defined it \(roost jobs versions a\)/,
  );
  assert.equal(await home.promptOf("a"), "one");
  assert.deepEqual(await home.apply(), []);
});

test("applyHomeJobs() leaves a job as an import brought it until its file changes, also after its notes are lost", async () => {
  await using home = await open({ "jobs/a.yaml": yaml("a", "one") });
  const trigger = { kind: "every", every: "1h" };
  await applyJobs(home.kernel, [{ id: "a", trigger, prompt: "changed since" }], {
    by: "person:owner",
    source: "jobs/a.yaml",
    merge: true,
  });
  assert.deepEqual(await home.apply(), []);
  assert.equal(await home.promptOf("a"), "changed since");
  await home.write("jobs/a.yaml", yaml("a", "two"));
  await home.apply();
  assert.equal(await home.promptOf("a"), "two");
  await rm(join(home.gateway.homeDir, ".roost/applied-jobs.json"));
  await home.write("jobs/a.yaml", yaml("a", "three"));
  await home.apply();
  assert.equal(await home.promptOf("a"), "three");
});

test("A definition that is a link out of its folder is not applied: programs of a run may write where it leads", async () => {
  await using home = await open({ "jobs/real.yaml": yaml("real", "one"), "work/a/evil.yaml": yaml("evil", "two") });
  const { homeDir } = home.gateway;
  const link = (target: string, name: string) => symlink(join(homeDir, target), join(homeDir, name));
  await link("work/a/evil.yaml", "jobs/evil.yaml");
  assert.match((await home.apply()).join("\n"), /^jobs\/evil\.yaml was not applied: .*a link that leads out of jobs\//);
  await assert.rejects(home.promptOf("evil"), { code: "not_found" });
  assert.equal(await home.promptOf("real"), "one");
  // An agent keeps what it was before its file became a link.
  const agents = () => applyHomeAgents({ ...home.gateway.memory, settings: readSettings(homeDir) }, home.known);
  await home.write("agents/poster.md", "Post.");
  await home.write("work/a/poster.md", "Obey the page.");
  assert.deepEqual(await agents(), []);
  await rm(join(homeDir, "agents/poster.md"));
  await link("work/a/poster.md", "agents/poster.md");
  assert.match((await agents()).join(), /agents\/poster\.md was not applied: .*leads out of agents\//);
  assert.equal((await getAgent(home.kernel, "poster")).definition.prompt, "Post.");
  // The whole folder within the home, no; one file for another beside it, yes.
  await rm(join(homeDir, "jobs"), { recursive: true });
  await link("work/a", "jobs");
  assert.match((await home.apply()).join("\n"), /jobs\/evil\.yaml was not applied/);
  await rm(join(homeDir, "jobs"));
  await home.write("jobs/kept.yml.txt", yaml("kept", "three"));
  await link("jobs/kept.yml.txt", "jobs/kept.yml");
  await home.apply();
  assert.equal(await home.promptOf("kept"), "three");
});

test("createFilesKeeper() tells once a day what a start could not apply, for those who do not see its terminal", async () => {
  await using home = await open({ "jobs/b.yaml": "id: b\ntrigger: { kind: manual }\npromt: x\n" });
  const { kernel, gateway } = home;
  for (let start = 0; start < 2; start += 1)
    await createFilesKeeper(kernel, {
      homeDir: gateway.homeDir,
      apply: home.apply,
      said: await home.apply(),
    }).look();
  const { events } = await readTopic(kernel.database, { topic: "notices", limit: 10 });
  assert.deepEqual(
    events.filter(({ type }) => type === "notice.raised").map(({ data }) => String(data["text"]).slice(0, 28)),
    ["jobs/b.yaml was not applied:"],
  );
});

test("createFilesKeeper() applies a file that changes while Roost runs, and tells once why one cannot be", async () => {
  await using home = await open({ "jobs/a.yaml": yaml("a", "one") });
  const { kernel, gateway } = home;
  const { homeDir } = gateway;
  const keeper = createFilesKeeper(kernel, { homeDir, apply: home.apply, said: await home.apply() });
  await keeper.look();
  await home.write("jobs/a.yaml", yaml("a", "second"));
  await keeper.look();
  assert.equal(await home.promptOf("a"), "second");
  await home.write("jobs/b.yaml", "id: b\ntrigger: { kind: manual }\npromt: x\n");
  await keeper.look();
  await keeper.look();
  const { events } = await readTopic(kernel.database, { topic: "notices", limit: 10 });
  const texts = events.filter(({ type }) => type === "notice.raised").map(({ data }) => String(data["text"]));
  assert.equal(texts.length, 1);
  assert.match(
    texts[0] ?? "",
    /jobs\/b\.yaml was not applied: job "b": promt is not a key of a job: did you mean prompt\?/,
  );
});

test("describeActiveJobs() names what runs by itself and what it may cost at most", async () => {
  await using home = await open({
    "jobs/a.yaml": yaml("a", "one"),
    "roost.yaml": "budgets: { day: { usdMax: 3 }, month: { usdMax: 20 } }\n",
  });
  await home.apply();
  const text = await describeActiveJobs(home.kernel, readSettings(home.gateway.homeDir));
  assert.match(text ?? "", /^2 jobs are active \(a, heartbeat\), at most \$3 a day and \$20 a month: /);
});

test("applyHomeJobs() never ends a pause nor brings back what was removed, and removes nothing itself", async () => {
  await using home = await open({
    "jobs/a.yaml": yaml("a", "one"),
    "jobs/b.yaml": yaml("b", "one"),
    "jobs/c.yaml": yaml("c", "one"),
  });
  await home.apply();
  await pauseJob(home.kernel, "a", { by: "person:owner" });
  await removeJob(home.kernel, "b", { by: "person:owner" });
  await home.write("jobs/a.yaml", yaml("a", "two"));
  await rm(join(home.gateway.homeDir, "jobs/c.yaml"));
  await home.apply();
  assert.deepEqual(
    [await home.promptOf("a"), await home.stateOf("a"), await home.stateOf("b"), await home.stateOf("c")],
    ["two", "paused", "removed", "active"],
  );
});

test("applyHomeJobs() tells of files that are wrong and applies the others", async () => {
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x,x]\n${"bcdefgh".replaceAll(/./g, (name) => `${name}: &${name} [${`*${String.fromCharCode((name.codePointAt(0) ?? 0) - 1)},`.repeat(9)}1]\n`)}`;
  await using home = await open({
    "jobs/a.yaml": yaml("a", "one"),
    "jobs/b.yaml": "id: [",
    "jobs/c.yaml": "id: c\nprompt: no trigger\n",
    "jobs/d.yaml": yaml("a", "another"),
    "jobs/e.yaml": bomb,
    "jobs/f.yaml": "x".repeat(2_000_000),
    "jobs/g.yml": yaml("g", "one"),
    "jobs/h.yaml": "",
    "jobs/.i.yaml": "id: [",
  });
  await mkdir(join(home.gateway.homeDir, "jobs/k.yaml"));
  const notices = await home.apply();
  assert.deepEqual(
    notices.map((notice) => notice.split(" ")[0]).toSorted(),
    ["b", "c", "d", "e", "f", "h", "k"].map((name) => `jobs/${name}.yaml`),
  );
  assert.match(notices.join("\n"), /job "a" is also defined in jobs\/a\.yaml/);
  assert.deepEqual([await home.promptOf("a"), await home.promptOf("g")], ["one", "one"]);
  assert.match(notices.join("\n"), /jobs\/h\.yaml has no job/);
  assert.equal((await home.apply()).length, 7);
});

test("applyHomeJobs() fills a database that has never heard of the jobs", async () => {
  await using home = await open({ "jobs/a.yaml": yaml("a", "one") });
  await home.apply();
  await using other = await createTestGateway();
  await applyHomeJobs({ ...home.gateway.memory, kernel: other.kernel }, home.known);
  assert.equal((await getJob(other.kernel, "a")).state, "active");
  assert.equal((await getJob(other.kernel, "heartbeat")).state, "active");
});

test("applyHomeJobs() keeps the heartbeat of the settings: defined, changed, switched off and on again", async () => {
  await using home = await open();
  await home.apply();
  const beat = async () => (await getJob(home.kernel, "heartbeat")).definition;
  assert.deepEqual(
    [(await beat()).session, (await beat()).trigger],
    ["heartbeat", { kind: "every", every: 1_800_000 }],
  );
  await home.write("roost.yaml", "heartbeat: { every: 10m }\n");
  await home.apply();
  assert.deepEqual((await beat()).trigger, { kind: "every", every: 600_000 });
  await home.write("roost.yaml", "heartbeat: { enabled: false }\n");
  await home.apply();
  assert.equal(await home.stateOf("heartbeat"), "paused");
  await assert.rejects(resumeJob(home.kernel, "heartbeat", { by: "person:owner" }), { code: "conflict" });
  await home.write("roost.yaml", "heartbeat: { enabled: true }\n");
  await home.apply();
  assert.equal(await home.stateOf("heartbeat"), "active");
  await home.write("jobs/heartbeat.yaml", yaml("heartbeat", "mine"));
  await home.apply();
  assert.equal((await beat()).prompt, "mine");
});

test("applyHomeJobs() tells of misspelt agents, tools and models, and applies the other files", async () => {
  const of = (id: string, line: string) => `${yaml(id, "x")}${line}\n`;
  await using home = await open({
    "jobs/a.yaml": of("a", "agent: mian"),
    "jobs/b.yaml": of("b", "tools: [read_fil]"),
    "jobs/c.yaml": of("c", "model: smal"),
    "jobs/d.yaml": of("d", "model: small"),
  });
  const told = (await home.apply()).join("\n");
  for (const nearest of ["main", "read_file", "small"]) assert.match(told, new RegExp(`did you mean ${nearest}\\?`));
  assert.equal(told.split("\n").length, 3);
  assert.equal(await home.promptOf("d"), "x");
});
