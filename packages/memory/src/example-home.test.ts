import assert from "node:assert/strict";
import { cp, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { isHeartbeatFileEmpty } from "@roost/agent/heartbeat";
import { NamedJobDefinition, starterToolNames } from "@roost/contract/operations";
import { parse } from "yaml";
import { buildContext } from "./context/build-context.ts";
import { readSettings } from "./settings/read-settings.ts";
import { createTestMemory } from "./testing/create-test-memory.ts";
import { createTestWorker, startJobRun } from "./testing/run-agent.ts";
import { scanHome } from "./scan/scan-home.ts";

const example = fileURLToPath(new URL("../../../examples/home", import.meta.url));

test("the example home has settings and jobs that are valid, and prompts that name files and states it may use", async () => {
  const settings = readSettings(example);
  assert.equal(settings.timeZone, "Europe/Berlin");
  const jobs = await Promise.all(
    (await readdir(join(example, "jobs"))).map(async (name) => {
      const job = NamedJobDefinition.parse(parse(await readFile(join(example, "jobs", name), "utf8")));
      assert.equal(`${job.id}.yaml`, name);
      return job;
    }),
  );
  assert.deepEqual(jobs.map(({ id }) => id).toSorted(), [
    "blog-writer",
    "social-checker",
    "video-producer",
    "weekly-review",
  ]);
  for (const { id, prompt, session } of jobs) {
    if (session !== "cron") continue;
    for (const [folder] of prompt.matchAll(/work\/[a-z-]+/g)) assert.equal(folder, `work/${id}`);
    assert.doesNotMatch(prompt, /MEMORY\.md|memory\/\d/, `${id} asks for what a cron never sees`);
  }
  assert.equal(isHeartbeatFileEmpty(await readFile(join(example, "HEARTBEAT.md"), "utf8")), false);
});

test("the example home gives its agent the tools of a new home", async () => {
  const [own, ofTemplate] = await Promise.all(
    ["", "../../templates/home/"].map((folder) => readFile(join(example, folder, "agents/main.md"), "utf8")),
  );
  assert.equal(own, ofTemplate);
  const names = [...own!.matchAll(/^ {2}- (\w+)$/gm)].map(([, name]) => name);
  assert.deepEqual(names.toSorted(), [...starterToolNames]);
});

test("the example home gives each session its context", async () => {
  await using home = await createTestMemory();
  await cp(example, home.homeDir, { recursive: true });
  await scanHome(home.memory);
  await using worker = await createTestWorker(home.memory);
  const sectionsOf = async (kind: "cron" | "heartbeat" | "main") => {
    await startJobRun(home.kernel, { jobId: "blog-writer", kind });
    const run = await worker.claim();
    const agent = { tools: [...starterToolNames] };
    return (await buildContext(home.memory, { run, agent })).context.sections.map(({ name }) => name);
  };
  const standing = ["AGENTS.md", "SOUL.md", "IDENTITY.md", "USER.md"];
  assert.deepEqual(await sectionsOf("cron"), [...standing, "Skills", "This session"]);
  assert.deepEqual(await sectionsOf("heartbeat"), [...standing, "MEMORY.md", "HEARTBEAT.md", "Skills", "This session"]);
  assert.deepEqual(await sectionsOf("main"), [...standing, "MEMORY.md", "Skills", "This session"]);
});
