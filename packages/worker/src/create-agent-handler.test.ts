import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger } from "@roost/base";
import { getRun, promoteDueRuns, readTopic, setBudgets, type Kernel, type NewRun, type Run } from "@roost/kernel";
import { readTranscript, sendMessage } from "@roost/memory";
import { createAgentHandler, type AgentHandlerOptions } from "./create-agent-handler.ts";
import { executeRun } from "./execute-run.ts";
import { jobRun, openTestHome, type RunOwner, type TestHome } from "./testing/open-test-home.ts";

async function execute(home: TestHome, { run }: RunOwner, options: Partial<AgentHandlerOptions> = {}): Promise<Run> {
  const agent = createAgentHandler({ ...home.handlerOptions, ...options });
  const { signal } = new AbortController();
  assert.ok(await executeRun({ kernel: home.kernel, handlers: { agent }, logger: silentLogger }, run, signal));
  return getRun(home.kernel.database, run.id);
}

const heartbeat: Partial<NewRun> = {
  sessionKind: "heartbeat",
  sessionKey: "heartbeat:main",
  agent: "main",
  input: { prompt: "look around" },
  job: { id: "heartbeat", version: 1, tickKey: "1" },
};
const notify = { webhook: { url: "https://hooks.example/" } };
const files = { "HEARTBEAT.md": "- look at the mail\n" };

async function noticesOf({ database }: Kernel): Promise<string[]> {
  const { events } = await readTopic(database, { topic: "notices", limit: 100 });
  return events.map(({ type, data }) =>
    type === "notice.raised" ? `raised ${String(data["target"])}: ${String(data["text"])}` : type,
  );
}

for (const [target, expected] of [
  ["console", ["raised console: The mail waits"]],
  ["webhook", ["raised webhook: The mail waits"]],
  [undefined, ["raised webhook: The mail waits"]],
  ["none", []],
] as const) {
  test(`createAgentHandler() tells what a heartbeat found to the target ${target}`, async () => {
    const settings = { heartbeat: target === undefined ? {} : { target }, notify };
    await using home = await openTestHome({ files, settings });
    home.setScript(() => "The mail waits");
    const run = await execute(home, await home.begin(heartbeat));
    const { kind, text } = run.output as { kind: string; text?: string };
    const isTold = target !== "none";
    assert.deepEqual(
      [run.state, kind, text],
      ["done", isTold ? "reply" : "quiet", isTold ? "The mail waits" : undefined],
    );
    assert.deepEqual(await noticesOf(home.kernel), expected);
  });
}

for (const [title, run, input, says, expected] of [
  ["a job of main", "main", {}, "Call Ann", ["raised webhook: Call Ann"]],
  ["a job of main that says main", "main", { tell: "main" }, "Call Ann", []],
  ["a job of main with nothing to say", "main", {}, "HEARTBEAT_OK", []],
  ["a cron", "cron", {}, "Call Ann", []],
  ["a cron that says person", "cron", { tell: "person" }, "Call Ann", ["raised webhook: Call Ann"]],
  ["a cron that delivers to a chat", "cron", { deliver: "telegram" }, "Call Ann", ["raised telegram: Call Ann"]],
  ["a cron that delivers to a chat, with nothing to say", "cron", { deliver: "telegram" }, "HEARTBEAT_OK", []],
] as const) {
  test(`createAgentHandler() tells the person what ${title} answers: ${expected.length > 0}`, async () => {
    await using home = await openTestHome({ settings: { notify } });
    home.setScript(() => says);
    const job = { id: "remind", version: 1, tickKey: "1" };
    const begun = await home.begin({
      sessionKind: run,
      sessionKey: run === "main" ? "main" : "cron:remind",
      agent: "main",
      input: { prompt: "remind me", ...input },
      job,
    });
    assert.equal((await execute(home, begun)).state, "done");
    assert.deepEqual(await noticesOf(home.kernel), expected);
  });
}

test("createAgentHandler() keeps what is wrong with an answer, in the run and in the conversation", async () => {
  await using home = await openTestHome();
  home.setScript(() => ({ text: "Half of", finishReason: "length" }));
  const cut = await execute(
    home,
    await home.claim((await sendMessage(home.memory, { sessionKey: "main", text: "a" })).runId),
  );
  assert.match(String((cut.output as { remark?: string }).remark), /cut off at \d+ tokens/);
  home.setScript(() => ({ text: "", finishReason: "length" }));
  await execute(home, await home.claim((await sendMessage(home.memory, { sessionKey: "main", text: "b" })).runId));
  const { messages } = await readTranscript(home.memory, "main", { limit: 10 });
  assert.match(messages.at(-1)?.text ?? "", /^\(no answer: the model gave no answer/);
});

test("createAgentHandler() records which model answered, and what it took from the cache, in the log", async () => {
  await using home = await openTestHome();
  home.setScript(() => ({
    text: "Hello",
    usage: { prompt_tokens: 40, completion_tokens: 7, prompt_tokens_details: { cached_tokens: 12 } },
  }));
  const run = await execute(home, await home.begin(jobRun("look")));
  assert.equal(run.state, "done");
  const { events } = await readTopic(home.kernel.database, { topic: "runs", types: ["step.done"], limit: 10 });
  const told = events.find(({ data }) => data["kind"] === "model")?.data["usage"];
  const expected = { inputTokens: 40, outputTokens: 7, cachedTokens: 12, model: "scripted", provider: "scripted" };
  assert.deepEqual(told, expected);
});

test("createAgentHandler() records which model answered also when it tells no tokens, and counts them as the run does", async () => {
  await using home = await openTestHome();
  home.setScript(() => ({ text: "Hello", usage: null }));
  const { tokens } = await execute(home, await home.begin(jobRun("look")));
  const { events } = await readTopic(home.kernel.database, { topic: "runs", types: ["step.done"], limit: 10 });
  const told = events.find(({ data }) => data["kind"] === "model")?.data["usage"];
  const { inputTokens, outputTokens, ...rest } = told as { inputTokens: number; outputTokens: number };
  assert.deepEqual(rest, { model: "scripted", provider: "scripted", isEstimated: true });
  assert.deepEqual([inputTokens + outputTokens, outputTokens], [tokens, 2]);
});

test("createAgentHandler() keeps HEARTBEAT_OK to itself", async () => {
  await using home = await openTestHome({ files });
  home.setScript(() => "HEARTBEAT_OK");
  const run = await execute(home, await home.begin(heartbeat));
  assert.deepEqual([run.state, (run.output as { kind: string }).kind], ["done", "quiet"]);
  assert.deepEqual(await noticesOf(home.kernel), []);
});

test("R: a heartbeat that says all is well, and has not done what its job declares, has failed", async () => {
  await using home = await openTestHome({ files });
  home.setScript(() => "HEARTBEAT_OK");
  const postconditions: NewRun["postconditions"] = [
    { kind: "state", name: "email" },
    { kind: "event", eventType: "notice.raised" },
  ];
  const run = await execute(home, await home.begin({ ...heartbeat, postconditions }));
  assert.equal(run.state, "failed");
  assert.equal(run.error?.code, "postcondition_unmet");
  assert.match(run.error.message, /the state email was not changed; no event notice\.raised was emitted/);
  const { events } = await readTopic(home.kernel.database, { topic: "runs", types: ["run.failed"], limit: 10 });
  assert.match((events[0]!.data["error"] as { message: string }).message, /the state email was not changed/);
});

test("createAgentHandler() lets a heartbeat that has done what its job declares end well", async () => {
  await using home = await openTestHome({ files });
  let calls = 0;
  home.setScript(() =>
    (calls += 1) === 1
      ? { toolCalls: [{ name: "set_state", arguments: { name: "email", patch: { unread: 0 } } }] }
      : "HEARTBEAT_OK",
  );
  const postconditions: NewRun["postconditions"] = [
    { kind: "state", name: "email", key: "unread" },
    { kind: "tool", name: "set_state" },
  ];
  const run = await execute(home, await home.begin({ ...heartbeat, postconditions }));
  assert.deepEqual([run.error, run.state], [null, "done"]);
});

test("createAgentHandler() tells the model in the next attempt what it only said it had done", async () => {
  await using home = await openTestHome({ files });
  const told: string[] = [];
  let calls = 0;
  home.setScript((request) => {
    told.push(JSON.stringify(request.body));
    calls += 1;
    if (calls === 2) return { toolCalls: [{ name: "set_state", arguments: { name: "mail", patch: { unread: 0 } } }] };
    return "I have looked through the mail";
  });
  const run = jobRun("mail");
  const retry = { attemptsMax: 2, backoffMs: 1_000 };
  const first = await home.begin({ ...run, retry, postconditions: [{ kind: "state", name: "mail" }] });
  assert.equal((await execute(home, first)).state, "waiting");
  await first.die();
  await home.test.clock.advance(60_000);
  assert.equal(await promoteDueRuns(home.kernel), 1);
  const second = await execute(home, await home.claim(first.run.id));
  assert.deepEqual([second.error, second.state], [null, "done"]);
  assert.deepEqual(
    told.map((body) => body.includes("the state mail was not changed")),
    [false, true, true],
  );
});

test("createAgentHandler() fails a run that a cap stops, and says which, also in the conversation", async () => {
  await using home = await openTestHome();
  await setBudgets(home.kernel, { caps: [{ scope: "agent:main", window: "day", usdMax: 0.000_001 }] });
  const { runId } = await sendMessage(home.memory, { sessionKey: "main", text: "Hello" });
  const run = await execute(home, await home.claim(runId));
  assert.deepEqual([run.state, run.error?.code, run.costUsd], ["failed", "limit_exceeded", 0]);
  assert.match(run.error?.message ?? "", /cap of \$0\.0000 per day for agent:main/);
  const { messages } = await readTranscript(home.memory, "main", { limit: 10 });
  assert.match(messages.at(-1)!.content.text, /^\(no answer: .*agent:main/);
});

test("createAgentHandler() tries again when the provider says that it makes sense, not before", async () => {
  await using home = await openTestHome();
  home.setScript(() => ({ status: 429, error: { message: "slow down" }, headers: { "retry-after": "600" } }));
  const owner = await home.begin({
    sessionKind: "cron",
    sessionKey: "cron:a",
    input: { prompt: "x" },
    retry: { attemptsMax: 2 },
    job: { id: "a", version: 1, tickKey: "1" },
  });
  const run = await execute(home, owner);
  assert.deepEqual([run.state, run.waitingFor], ["waiting", "retry"]);
  assert.ok(run.wakeAt!.getTime() >= home.kernel.clock.nowMs() + 500_000);
});

test("createAgentHandler() performs no effect in a rehearsal and marks the run", async () => {
  await using home = await openTestHome();
  home.setScript(({ toolResults }) =>
    toolResults.length > 0
      ? toolResults[0]!.text
      : { toolCalls: [{ name: "write_file", arguments: { path: "a.md", text: "a" } }] },
  );
  const { runId } = await sendMessage(home.memory, { sessionKey: "main", text: "Write it" });
  const run = await execute(home, await home.claim(runId), { isRehearsal: true });
  assert.match((run.output as { text: string }).text, /rehearsal, effects are not performed/);
  assert.equal(run.isRehearsed, true);
  const { events } = await readTopic(home.kernel.database, { topic: "home", limit: 100, types: ["file.written"] });
  assert.deepEqual(events, []);
});
