/** Triggers in agents' files: jobs that come, change and go with the file that has them. */
import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { createId } from "@roost/base";
import { joinLabels, mainLabels, untrustedFrom } from "@roost/contract/labels";
import { applyJobs, getAgent, getJob, listJobs, onlyModels } from "@roost/jobs";
import { writeHomeFile } from "@roost/memory";
import { readSettings } from "@roost/memory/settings";
import { enableServices } from "@roost/service";
import { applyHomeAgents } from "./apply-home-agents.ts";
import { applyHomeJobs } from "./apply-home-jobs.ts";
import { knownNamesOf } from "./known-names-of.ts";
import { createTestGateway } from "./testing/create-test-gateway.ts";

async function open(files: Record<string, string> = {}) {
  const gateway = await createTestGateway({ files });
  const { memory, kernel, homeDir } = gateway;
  const known = knownNamesOf(kernel, { serviceLists: [], modelNames: async () => onlyModels(["small"]) });
  return {
    ...gateway,
    /** What a start and each look do. */
    async apply() {
      const home = { ...memory, settings: readSettings(homeDir) };
      return [...(await applyHomeAgents(home, known)), ...(await applyHomeJobs(home, known))];
    },
    async write(path: string, text: string) {
      await mkdir(dirname(join(homeDir, path)), { recursive: true });
      await writeFile(join(homeDir, path), text);
    },
    remove: (path: string) => rm(join(homeDir, path)),
    async jobs() {
      const { jobs } = await listJobs(kernel, { limit: 50 });
      return jobs.filter(({ id }) => id !== "heartbeat").map(({ id, source, state }) => `${id} ${source} ${state}`);
    },
    stateOf: async (id: string) => (await getJob(kernel, id)).state,
    promptOf: async (id: string) => (await getJob(kernel, id)).definition.prompt,
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  };
}

const file = (...triggers: string[]) => `---\ntriggers:\n${triggers.map((each) => `  ${each}\n`).join("")}---\nPost.\n`;
const morning = (prompt: string) => `morning: { kind: cron, expression: "0 6 * * *", prompt: ${prompt}, timeout: 5m }`;
const pushed = "pushed: { kind: event, eventType: webhook.received, filter: { hook: github }, prompt: look }";

test("Triggers of an agent are jobs with their origin, which change with the file and go with it", async () => {
  await using home = await open({ "agents/clerk.md": file(morning("one"), pushed, "asked: { kind: manual }") });
  assert.deepEqual(await home.apply(), []);
  assert.deepEqual(await home.jobs(), [
    "clerk.asked agents/clerk.md#triggers.asked active",
    "clerk.morning agents/clerk.md#triggers.morning active",
    "clerk.pushed agents/clerk.md#triggers.pushed active",
  ]);
  const { definition, definedBy, version } = await getJob(home.kernel, "clerk.morning");
  const { agent, session, timeoutMs, trigger } = definition;
  assert.deepEqual([agent, session, timeoutMs, trigger.kind], ["clerk", "cron", 300_000, "cron"]);
  assert.deepEqual([definedBy, version], ["home", 1]);
  assert.deepEqual(Object.keys((await getAgent(home.kernel, "clerk")).definition.triggers ?? {}).toSorted(), [
    "asked",
    "morning",
    "pushed",
  ]);
  const { tick } = await home.client.runJob({ jobId: "clerk.asked" });
  const { run } = await home.client.getRun({ runId: tick.runId! });
  assert.deepEqual([run.agent, run.agentVersion, run.jobId], ["clerk", 1, "clerk.asked"]);

  await home.write("agents/clerk.md", file(morning("two"), pushed));
  assert.deepEqual(await home.apply(), []);
  assert.deepEqual([await home.promptOf("clerk.morning"), await home.stateOf("clerk.asked")], ["two", "removed"]);
  assert.equal((await getAgent(home.kernel, "clerk")).version, 2);
  assert.equal((await home.client.listJobVersions({ jobId: "clerk.morning" })).items.length, 2);

  await home.write("agents/clerk.md", "Post.\n");
  assert.deepEqual(await home.apply(), []);
  assert.deepEqual(await home.jobs(), []);
  await home.write("agents/clerk.md", file(morning("three")));
  await home.apply();
  assert.equal(await home.promptOf("clerk.morning"), "three");
  await home.remove("agents/clerk.md");
  assert.deepEqual(await home.apply(), []);
  assert.equal(await home.stateOf("clerk.morning"), "removed");
});

test("A faulty trigger is told with its file and key, and stops neither its agent nor the others; its job stays as it was", async () => {
  await using home = await open({ "agents/clerk.md": file(morning("one"), pushed) });
  await home.apply();
  await home.write(
    "agents/clerk.md",
    file(
      `morning: { kind: cron, expression: "0 6 * *", prompt: two }`,
      pushed.replace("look", "look twice"),
      "typo: { kind: every, every: 1h, promt: x }",
      "unheard: { kind: event, eventType: shop.sold }",
      "other: { kind: every, every: 1h, model: smal }",
      "Big Name: { kind: manual }",
      "text: every hour",
    ).replace("Post.", "Post daily."),
  );
  const notices = await home.apply();
  assert.deepEqual(
    notices.map((notice) => notice.split(" was not applied: ")[0]).toSorted(),
    ["Big Name", "morning", "other", "text", "typo", "unheard"].map((name) => `agents/clerk.md#triggers.${name}`),
  );
  assert.match(notices.join("\n"), /promt is not a key of a trigger: did you mean prompt\?/);
  assert.match(notices.join("\n"), /names the model "smal", which does not exist; did you mean small\?/);
  assert.match((await getAgent(home.kernel, "clerk")).definition.prompt ?? "", /daily/);
  assert.deepEqual(
    [await home.promptOf("clerk.morning"), await home.stateOf("clerk.morning"), await home.promptOf("clerk.pushed")],
    ["one", "active", "look twice"],
  );
  assert.deepEqual((await home.apply()).toSorted(), notices.toSorted(), "as long as it stands there");
  // What cannot be read at all leaves the agent and its jobs.
  await home.write("agents/clerk.md", "---\ntriggers: [\n---\n");
  assert.match((await home.apply())[0] ?? "", /^agents\/clerk\.md was not applied: /);
  assert.equal((await home.jobs()).length, 2);
});

test("Changes by command and pauses outlast other changes of the file, and a trigger that changes replaces the first", async () => {
  await using home = await open({ "agents/clerk.md": file(morning("one"), pushed) });
  await home.apply();
  await home.client.pauseJob({ jobId: "clerk.pushed", reason: "for now" });
  await home.client.defineJob({
    jobId: "clerk.morning",
    agent: "clerk",
    trigger: { kind: "manual" },
    prompt: "by command",
  });
  await home.write("agents/clerk.md", file(morning("one"), pushed).replace("Post.", "Post daily."));
  assert.deepEqual(await home.apply(), []);
  assert.equal(await home.promptOf("clerk.morning"), "by command");
  await home.write("agents/clerk.md", file(morning("two"), pushed.replace("look", "look twice")));
  assert.match((await home.apply()).join(), /clerk\.md#triggers\.morning changed and was applied: it replaces later/);
  assert.deepEqual(
    [await home.promptOf("clerk.morning"), await home.promptOf("clerk.pushed"), await home.stateOf("clerk.pushed")],
    ["two", "look twice", "paused"],
  );
  // Removed by command it comes back when it is written anew.
  await home.client.removeJob({ jobId: "clerk.morning" });
  await home.apply();
  assert.equal(await home.stateOf("clerk.morning"), "removed");
  await home.write("agents/clerk.md", file(morning("three"), pushed));
  await home.apply();
  assert.equal(await home.stateOf("clerk.morning"), "active");
});

test("Triggers stand in roost.yaml too, move with their agent, and leave a job of the same id to its own file", async () => {
  const settings = "agents: { clerk: { prompt: Post., triggers: { asked: { kind: manual, prompt: x } } } }\n";
  await using home = await open({ "roost.yaml": settings });
  assert.deepEqual(await home.apply(), []);
  assert.deepEqual(await home.jobs(), ["clerk.asked roost.yaml#agents.clerk.triggers.asked active"]);
  await home.write("roost.yaml", "agents: {}\n");
  await home.write("agents/clerk.md", file("asked: { kind: manual, prompt: x }"));
  assert.deepEqual(await home.apply(), []);
  assert.deepEqual(await home.jobs(), ["clerk.asked agents/clerk.md#triggers.asked active"]);
  assert.equal((await getJob(home.kernel, "clerk.asked")).version, 1, "it is the same job");
  await home.write("jobs/own.yaml", "id: clerk.asked\ntrigger: { kind: manual }\nprompt: mine\n");
  assert.match(
    (await home.apply()).join(),
    /triggers\.asked was not applied: job "clerk\.asked" is also defined in jobs\/own\.yaml/,
  );
  assert.equal(await home.promptOf("clerk.asked"), "mine");
  await home.remove("agents/clerk.md");
  await home.apply();
  assert.deepEqual(await home.jobs(), ["clerk.asked jobs/own.yaml active"]);
});

test("A trigger does not take over a job of its id that was made by command: a notice names both until one gives way", async () => {
  await using home = await open();
  await home.client.defineJob({ jobId: "clerk.asked", trigger: { kind: "manual" }, prompt: "by command" });
  await home.write("agents/clerk.md", file("asked: { kind: manual, prompt: x }"));
  const told = /clerk\.md#triggers\.asked was not applied: there is a job "clerk\.asked" already, which \S+ defined: /;
  for (let count = 0; count < 2; count += 1) assert.match((await home.apply()).join(), told);
  await home.remove("agents/clerk.md");
  assert.deepEqual(await home.apply(), []);
  assert.equal(await home.promptOf("clerk.asked"), "by command");
  assert.equal(await home.stateOf("clerk.asked"), "active");
  await home.write("agents/clerk.md", file("asked: { kind: manual, prompt: x }"));
  await home.client.removeJob({ jobId: "clerk.asked" });
  assert.deepEqual(await home.apply(), []);
  assert.deepEqual(await home.jobs(), ["clerk.asked agents/clerk.md#triggers.asked active"]);
});

test("A job of a trigger that an import brings waits for its file, also where its agent was removed before", async () => {
  await using home = await open({ "agents/clerk.md": file(morning("one")) });
  await home.apply();
  await home.remove("agents/clerk.md");
  await home.apply();
  const { definition } = await getJob(home.kernel, "clerk.morning");
  await applyJobs(home.kernel, [{ id: "clerk.morning", ...definition }], {
    by: "person:owner",
    source: "agents/clerk.md#triggers.morning",
    merge: true,
    paused: [{ jobId: "clerk.morning", reason: "as it was" }],
  });
  assert.deepEqual(await home.apply(), []);
  assert.equal(await home.stateOf("clerk.morning"), "paused");
  await home.write("agents/clerk.md", file(morning("one")));
  assert.deepEqual(await home.apply(), []);
  assert.equal(await home.stateOf("clerk.morning"), "paused");
  await home.remove("agents/clerk.md");
  await home.apply();
  assert.equal(await home.stateOf("clerk.morning"), "removed");
});

test("A trigger gives no more than a job of a file: held lines, agents of services and agents' own tools define none", async () => {
  await using home = await open({
    "agents/clerk.md": file(morning("one")),
    "services/shelf/agents/shelf.md": file("spend: { kind: every, every: 1s }"),
  });
  await enableServices(home.kernel.database, { names: ["shelf"], homeId: createId() });
  assert.match(
    (await home.apply()).join("\n"),
    /shelf\.md was not applied: triggers: spend is more than an agent of a service/,
  );
  assert.deepEqual(await home.jobs(), ["clerk.morning agents/clerk.md#triggers.morning active"]);
  const text = file(morning("obey the page"), "second: { kind: every, every: 1s }");
  const page = joinLabels(mainLabels, untrustedFrom("web", "page.example"));
  const write = { text, expected: "absent", as: { kind: "main" as const }, by: "session:main", labels: page };
  await assert.rejects(writeHomeFile(home.memory, { ...write, path: "agents/other.md" }), { code: "forbidden" });
  await writeHomeFile(home.memory, { ...write, path: "notes/clerk.md" });
  await home.write("agents/clerk.md", text);
  assert.doesNotMatch((await home.apply()).join("\n"), /clerk/);
  assert.equal(await home.promptOf("clerk.morning"), "one", "lines that rest on a page are held");
  assert.equal((await home.jobs()).length, 1);
});
