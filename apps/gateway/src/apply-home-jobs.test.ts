import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { silentLogger } from "@roost/base";
import { getJob, pauseJob, removeJob, resumeJob } from "@roost/jobs";
import { readSettings } from "@roost/memory/settings";
import { applyHomeJobs } from "./apply-home-jobs.ts";
import { createTestGateway } from "./testing/create-test-gateway.ts";

const yaml = (id: string, prompt: string) => `id: ${id}\ntrigger: { kind: every, every: 1h }\nprompt: ${prompt}\n`;

async function open(files: Record<string, string> = {}) {
  const gateway = await createTestGateway({ files });
  const { kernel, homeDir } = gateway;
  return {
    gateway,
    kernel,
    apply: () =>
      applyHomeJobs(kernel, { homeDir, timeZone: "UTC", settings: readSettings(homeDir), logger: silentLogger }),
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
    ["b", "c", "d", "e", "f", "k"].map((name) => `jobs/${name}.yaml`),
  );
  assert.match(notices.join("\n"), /the job "a" stands in jobs\/a\.yaml too/);
  assert.deepEqual([await home.promptOf("a"), await home.promptOf("g")], ["one", "one"]);
  assert.equal((await home.apply()).length, 6);
});

test("applyHomeJobs() fills a database that has never heard of the jobs", async () => {
  await using home = await open({ "jobs/a.yaml": yaml("a", "one") });
  await home.apply();
  await using other = await createTestGateway();
  const { homeDir } = home.gateway;
  await applyHomeJobs(other.kernel, {
    homeDir,
    timeZone: "UTC",
    settings: readSettings(homeDir),
    logger: silentLogger,
  });
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
