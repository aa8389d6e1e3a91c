import assert from "node:assert/strict";
import { symlink } from "node:fs/promises";
import { test } from "node:test";
import { toolNames } from "@roost/contract/operations";
import { defineJob, getJob, removeJob } from "@roost/jobs";
import { answerQuestion, finishRun, getRun, listQuestions, readTopic } from "@roost/kernel";
import { appendReply, sendMessage } from "@roost/memory";
import { RunInterruption } from "../steps/run-interruption.ts";
import { jobRun, openTestHome, type WantedCall, type TestHome } from "../testing/open-test-home.ts";

async function namesFor(home: TestHome, run: Parameters<TestHome["begin"]>[0]): Promise<string[]> {
  return (await home.callTools(await home.begin(run), [])).toolNames;
}

test("createTools() describes every tool as an object that providers accept", async () => {
  await using home = await openTestHome({
    settings: { http: { keyed: ["example.com"] }, agents: { main: { agents: ["*"], exec: {} } } },
  });
  const { tools } = await home.callTools(
    await home.begin({
      sessionKind: "heartbeat",
      sessionKey: "heartbeat:main",
      input: { prompt: "do it", consolidates: "asks" },
    }),
    [],
  );
  assert.deepEqual(tools.map(({ name }) => name).toSorted(), toolNames);
  for (const { name, description, parameters } of tools) {
    assert.match(name, /^[a-zA-Z0-9_-]{1,64}$/);
    assert.ok(description.length > 20 && description.length < 1_024, name);
    assert.equal(parameters["type"], "object", name);
    for (const word of ["oneOf", "anyOf", "allOf", "$ref"])
      assert.equal(parameters[word], undefined, `${name}: ${word}`);
    assert.ok(JSON.stringify(parameters).length < 20_000, name);
  }
});

test("createTools() gives a cron no tool that changes what others do, and main every tool of its list", async () => {
  await using home = await openTestHome();
  const cron = await namesFor(home, jobRun("blog-writer"));
  assert.deepEqual(
    cron.filter((name) => ["define_job", "pause_job", "run_job"].includes(name)),
    [],
  );
  assert.ok(cron.includes("ask_person"));
  const main = await namesFor(home, {});
  assert.ok(main.includes("define_job") && main.includes("ask_person"));
  assert.deepEqual(await namesFor(home, { sessionKind: "channel", sessionKey: "channel:1" }), []);
});

test("createToolsFor() gives what the agent names and its job allows, and nothing to an agent that names none", async () => {
  await using home = await openTestHome({
    settings: { agents: { poster: { tools: ["reserve_subject", "once", "run_job"] }, plain: {} } },
  });
  assert.deepEqual(await namesFor(home, jobRun("a", { tools: ["reserve_subject", "read_file", "define_job"] })), [
    "read_file",
    "reserve_subject",
  ]);
  const posterRun = { ...jobRun("b", { tools: ["reserve_subject", "read_file"] }), agent: "poster" };
  assert.deepEqual(await namesFor(home, posterRun), ["reserve_subject"]);
  assert.deepEqual(await namesFor(home, { ...jobRun("c"), agent: "poster" }), ["once", "reserve_subject"]);
  // One that names none has none, in sessions of every kind; nor has an agent that no one defined.
  for (const agent of ["plain", "unknown"])
    for (const sessionKind of ["main", "heartbeat", "cron", "subagent", "channel"] as const)
      assert.deepEqual(await namesFor(home, { agent, sessionKind, sessionKey: `${agent}:${sessionKind}` }), []);
  assert.deepEqual(await namesFor(home, { ...jobRun("d", { tools: ["read_file"] }), agent: "plain" }), []);
  // A reader without tools has none, whatever its agent names.
  const reader = { sessionKind: "subagent" as const, agent: "poster", input: { task: "read", tools: [] } };
  assert.deepEqual(await namesFor(home, reader), []);
});

const marker = "the-secret-of-the-blue-heron";

/** Every tool that reads, asked in every way that could show what main knows. */
function probes(runIds: string[]): WantedCall[] {
  const paths = [
    "MEMORY.md",
    "./MEMORY.md",
    "memory/../MEMORY.md",
    "work/../MEMORY.md",
    "memory.md",
    "memory/2025-11-20.md",
    "HEARTBEAT.md",
    "link.md",
    "work/spy/link.md",
    "jobs/secret.yaml",
    "memory/private-state.json",
    ".roost/token",
  ];
  const call = (name: string, args: WantedCall["arguments"] = {}): WantedCall => ({ name, arguments: args });
  return [
    ...paths.map((path) => call("read_file", { path })),
    ...paths.map((path) => call("write_file", { path, text: "x" })),
    ...["", "memory", "work", ".", "..", "jobs"].map((under) => call("list_files", under === "" ? {} : { under })),
    ...[marker, "secret", "heron"].flatMap((query) => [
      call("search_files", { query }),
      call("search_files", { query, under: "memory" }),
      call("recall", { query, marked: true }),
    ]),
    ...["private", "email"].map((name) => call("get_state", { name })),
    call("set_state", { name: "private", patch: { a: 1 } }),
    call("read_log", { count: 100 }),
    ...["sessions", "home", "runs", "jobs", "notices", "coordination"].map((topic) =>
      call("read_log", { topics: [topic], count: 100 }),
    ),
    call("list_runs", { count: 50 }),
    call("list_jobs"),
    ...runIds.map((runId) => call("read_run", { runId, withSteps: true })),
    call("lock", { name: "publish" }),
    call("reserve_subject", { scope: "blog", text: "Something else altogether" }),
    call("once", { do: "begin", scope: "blog", key: "k" }),
  ];
}

test("createTools() shows a cron nothing of MEMORY.md, the notes, or main's conversation, by any tool", async () => {
  const text = `Never tell: ${marker}`;
  const files = Object.fromEntries(
    ["MEMORY.md", "memory/2025-11-20.md", "HEARTBEAT.md", "jobs/secret.yaml"].map((path) => [path, text]),
  );
  await using home = await openTestHome({
    files: { ...files, "memory/private-state.json": JSON.stringify({ text }), "work/spy/own.md": "own" },
  });
  const { kernel, memory } = home;
  await symlink("MEMORY.md", `${home.homeDir}/link.md`);
  await symlink("../../MEMORY.md", `${home.homeDir}/work/spy/link.md`);

  // Main hears the marker, works with it and says it again.
  const sent = await sendMessage(memory, { sessionKey: "main", text });
  const main = await home.claim(sent.runId);
  await home.callTools(main, [
    { name: "lock", arguments: { name: "publish" } },
    { name: "set_state", arguments: { name: "private", patch: { note: text } } },
    { name: "remember", arguments: { text } },
    { name: "define_job", arguments: { id: "secret", trigger: { kind: "manual" }, prompt: text } },
    { name: "run_job", arguments: { jobId: "secret", reason: text } },
    { name: "notify", arguments: { text } },
  ]);
  await finishRun(
    kernel,
    { runId: main.run.id, epoch: main.run.epoch },
    { state: "done", output: { kind: "reply", text } },
    {
      alongside: (tx) => appendReply(tx, { run: main.run, text, messages: [] }),
    },
  );
  const other = await home.begin(jobRun("other", { prompt: text }));

  const asked = probes([main.run.id, other.run.id]);
  const answers = [];
  // A run makes 40 model calls at most.
  for (let from = 0; from < asked.length; from += 30) {
    const thought = await home.callTools(await home.begin(jobRun("spy")), asked.slice(from, from + 30));
    answers.push(...thought.answers);
  }
  assert.equal(answers.length, asked.length);
  // What it searched for itself is not told by the answer.
  assert.deepEqual(
    answers.filter((answer) => answer.text.replaceAll(`"query":"${marker}"`, "").includes(marker)),
    [],
  );
  // The same probes do find it for main: they are not blind.
  const seen = await home.callTools(await home.begin(), asked.slice(0, 30));
  assert.ok(seen.answers.some((answer) => answer.text.includes(marker)));
});

async function noticesOf({ kernel }: TestHome): Promise<string[]> {
  const { events } = await readTopic(kernel.database, { topic: "notices", types: ["notice.raised"], limit: 20 });
  return events.map(({ data }) => String(data["text"]));
}

test("define_job refuses a field that it does not take, instead of making a job without it", async () => {
  await using home = await openTestHome();
  const job = { id: "a", trigger: { kind: "manual" }, prompt: "x" };
  const { answers } = await home.callTools(await home.begin(), [
    { name: "define_job", arguments: { ...job, tools: ["read_fil"] } },
    { name: "define_job", arguments: { ...job, agent: "nobody" } },
    { name: "define_job", arguments: { ...job, trigger: { kind: "every", evry: "5m", every: "5m" } } },
  ]);
  for (const { text } of answers) assert.match(text, /unknown field/);
  await assert.rejects(getJob(home.kernel, "a"), { code: "not_found" });
});

test("define_job changes the fields that it is given, and leaves the others of the job as they are", async () => {
  await using home = await openTestHome();
  const { kernel } = home;
  const whole = {
    id: "brief",
    session: "main",
    agent: "main",
    trigger: { kind: "cron", expression: "0 6 * * *" },
    prompt: "Read the feeds",
    timeoutMs: 60_000,
    budget: { usdMax: 0.2 },
    tools: ["read_file"],
    retry: { attemptsMax: 3 },
  };
  await defineJob(kernel, whole, { by: "owner", source: "jobs/brief.yaml" });
  const before = (await getJob(kernel, "brief")).definition;
  const { answers } = await home.callTools(await home.begin(), [
    { name: "define_job", arguments: { id: "brief", trigger: { kind: "every", every: "2h" } } },
    { name: "define_job", arguments: { id: "brief", trigger: { kind: "every", every: "2h" } } },
    { name: "define_job", arguments: { id: "brieff", prompt: "Read the feeds twice" } },
    { name: "define_job", arguments: { id: "new", prompt: "", trigger: { kind: "manual" } } },
  ]);
  assert.match(answers[0]!.text, /"change":"changed","version":2,"changed":\["trigger\./);
  assert.match(answers[0]!.text, /"note":"jobs\/brief\.yaml still has the earlier definition/);
  assert.match(answers[1]!.text, /"change":"unchanged","version":2\}/);
  assert.match(answers[2]!.text, /there is no job brieff: a new one needs trigger/);
  assert.deepEqual((await getJob(kernel, "brief")).definition, { ...before, trigger: { kind: "every", every: "2h" } });
  assert.equal((await getJob(kernel, "new")).definition.session, "cron");
  await removeJob(kernel, "brief", { by: "owner" });
  const after = await home.callTools(await home.begin(), [
    { name: "define_job", arguments: { id: "brief", prompt: "again" } },
    { name: "define_job", arguments: { id: "brief", prompt: "again", trigger: { kind: "manual" } } },
  ]);
  assert.match(after.answers[0]!.text, /there is no job brief: a new one needs trigger/);
  assert.match(after.answers[1]!.text, /"change":"created".*"note":"this job had been removed, and the person is told/);
  const told = await noticesOf(home);
  assert.equal(told.length, 1);
  assert.match(told[0]!, /^Job brief, which had been removed, was defined again by session:/);
  await removeJob(kernel, "new", { by: "owner" });
  const byPerson = await defineJob(
    kernel,
    { id: "new", trigger: { kind: "manual" }, prompt: "x" },
    { by: "person:owner" },
  );
  assert.equal(byPerson.isAgain, undefined);
  const again = (await getJob(kernel, "brief")).definition;
  assert.deepEqual([again.session, again.tools, again.budget], ["cron", undefined, undefined]);
});

test("notify tells the same text once in a run", async () => {
  await using home = await openTestHome();
  const notify = (text: string) => ({ name: "notify", arguments: { text } });
  const calls = [notify("The washing is done"), notify("The washing is done"), notify("The oven is hot")];
  const { answers } = await home.callTools(await home.begin(), calls);
  assert.deepEqual(
    answers.map(({ text }) => text),
    ["told", "told", "told"],
  );
  await home.callTools(await home.begin(), calls.slice(0, 1));
  assert.equal((await noticesOf(home)).length, 3);
});

test("ask_person gives its worker back, and the answer reaches the model in another worker", async () => {
  await using home = await openTestHome();
  const { kernel } = home;
  const calls = [{ name: "ask_person", arguments: { question: "Publish it?", choices: ["yes", "no"] } }];
  const first = await home.begin(jobRun("blog-writer"));
  await assert.rejects(
    home.callTools(first, calls),
    (error) => error instanceof RunInterruption && error.kind === "suspended",
  );
  const { id } = first.run;
  assert.equal((await getRun(kernel.database, id)).state, "waiting");
  await first.die();
  const questions = await listQuestions(kernel, { limit: 10 });
  assert.equal(questions[0]!.prompt, "Publish it?");
  await answerQuestion(kernel, { questionId: questions[0]!.id, answer: "yes", by: "me" });
  const { answers, outcome } = await home.callTools(await home.claim(id), calls);
  assert.match(answers[0]!.text, /"answer":"yes"/);
  assert.equal(outcome.kind, "replied");
});

test("Z: remember corrects a fact, and no tool gives the old value after it", async () => {
  await using home = await openTestHome({ files: { "USER.md": "Anna lives in Berlin\n" } });
  const remembered = (value: string) => ({
    name: "remember",
    arguments: { text: `Anna lives in ${value}`, subject: "Anna", attribute: "lives in", value },
  });
  const first = await home.begin();
  const { answers: told } = await home.callTools(first, [remembered("Berlin")]);
  assert.match(told[0]!.text, /noted in memory\/[-0-9]+\.md, as fact [-0-9a-f]{36}/);
  await finishRun(
    home.kernel,
    { runId: first.run.id, epoch: first.run.epoch },
    { state: "done", output: { kind: "reply", text: "Anna is in Berlin" } },
  );
  const note = `memory/${home.memory.calendar.dayAt(home.kernel.clock.nowMs())}.md`;
  const reading = [
    { name: "read_file", arguments: { path: note } },
    { name: "read_file", arguments: { path: "USER.md" } },
    { name: "read_file", arguments: { path: "MEMORY.md" } },
    { name: "search_files", arguments: { query: "Anna" } },
    { name: "recall", arguments: { query: "where does Anna live" } },
    { name: "read_log", arguments: { types: ["fact.remembered", "run.done"] } },
    { name: "read_run", arguments: { runId: first.run.id, withSteps: true } },
  ];
  const second = await home.begin();
  const { answers: before } = await home.callTools(second, reading);
  for (const [index, { text }] of before.entries()) assert.match(text, /Berlin/, reading[index]!.name);
  const { answers: after } = await home.callTools(await home.begin({ sessionKey: "other" }), [
    remembered("Munich"),
    ...reading,
  ]);
  assert.match(after[0]!.text, /in the place of 1 earlier/);
  for (const [index, { text }] of after.entries())
    assert.ok(
      !text.includes("Berlin") && text.includes(index === 0 ? "fact" : "Munich"),
      `${reading[index - 1]?.name}: ${text}`,
    );
});
