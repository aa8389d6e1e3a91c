import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { RoostError } from "@roost/base";
import type { FoundRouteRecord, RunRecord, RunUpdate } from "@roost/contract/operations";
import type { GatewayHandlers } from "../testing/serve-gateway.ts";
import { serveGateway } from "../testing/serve-gateway.ts";
import { someEvent, someRun, someRunId, someSummary } from "../testing/records.ts";
import { runRoost } from "../testing/run-roost.ts";
import { startRoost } from "../testing/start-roost.ts";

const reply = "Good morning, here is \u001b]0;evil\u0007the list";
const sent: { text: string; sessionKey: string }[] = [];

function answering(updates: RunUpdate[], over: Partial<RunRecord> = {}): GatewayHandlers {
  const run = someRun(over);
  return {
    sendMessage: ({ text, sessionKey }) => {
      sent.push({ text, sessionKey });
      return { messageId: "m1", runId: someRunId, isRepeated: false };
    },
    watchRun: async function* () {
      for (const data of updates) yield { event: data.kind, data };
      const output = run.state === "done" ? (over.output ?? { kind: "reply", text: reply }) : null;
      yield { event: "over", data: { kind: "over" as const, run: { ...run, output } } };
    },
  };
}

test("roost ask prints the reply once, and nothing else, into a pipe", async () => {
  await using gateway = await serveGateway(
    answering([
      { kind: "event", event: someEvent("step.started", { kind: "tool", name: "read_file" }) },
      { kind: "text", runId: someRunId, text: "Good morning, " },
      { kind: "text", runId: someRunId, text: "here is the list" },
    ]),
  );
  const { code, stdout, stderr } = await runRoost(["ask", "what", "is", "up"], gateway);
  assert.deepEqual([code, stdout], [0, "Good morning, here is the list\n"]);
  assert.match(stderr, /· read_file/);
  assert.deepEqual(sent.at(-1), { text: "what is up", sessionKey: "main" });
});

test("roost ask sends to the inbox for an approval, which shows what it is of, and names the answers of another question", async () => {
  const asks = (choices: string[]) => ({
    kind: "event" as const,
    event: someEvent("question.asked", { questionId: someRunId, prompt: `May I? ${"because ".repeat(20)}`, choices }),
  });
  await using gateway = await serveGateway(answering([asks(["approve", "refuse"]), asks(["red", "green"])]));
  const { stderr } = await runRoost(["ask", "go on"], gateway);
  assert.match(stderr, /\? May I\?[^?]*\broost inbox\n[^?]*\? May I\?[^?]*\broost answer [0-9a-f]{8} red\|green\n/);
});

test("roost ask shows what a program writes line by line, without its escape sequences, and not in the reply", async () => {
  const output = (text: string) => ({ kind: "output" as const, runId: someRunId, step: "tool:exec#1", text });
  await using gateway = await serveGateway(
    answering([
      { kind: "event", event: someEvent("step.started", { kind: "tool", name: "exec" }) },
      output("1 passed\n  2 pas"),
      output("sed\u001b[2J\nand"),
      { kind: "text", runId: someRunId, text: "Good morning, here is the list" },
    ]),
  );
  const { stdout, stderr } = await runRoost(["ask", "what is up"], gateway);
  assert.equal(stdout, "Good morning, here is the list\n");
  assert.match(stderr, /· exec\n {2}1 passed\n {4}2 passed\n {2}and\n/);
});

test("roost ask goes to the agent that it names or clearly means, says why, and else to main", async () => {
  const clerk = { kind: "agent" as const, id: "clerk", title: "Bills" };
  const decided = { state: "decided" as const, target: clerk, why: "it names clerk", near: [] };
  let asked = 0;
  const routing = (found: Pick<FoundRouteRecord, "advice"> & Partial<FoundRouteRecord>): GatewayHandlers => ({
    ...answering([]),
    findRoute: () => ((asked += 1), { ...decided, ...found }),
  });
  const toldBy = async (handlers: GatewayHandlers, ...args: string[]) => {
    await using gateway = await serveGateway(handlers);
    const { code, stderr } = await runRoost(["ask", "is the rent paid", ...args], gateway);
    assert.equal(code, 0, stderr);
    return [sent.at(-1)?.sessionKey, stderr] as const;
  };
  const go = routing({ advice: "go" });
  const [sessionKey, told] = await toldBy(go);
  assert.equal(sessionKey, "ask:clerk");
  assert.match(told, /To clerk: it names clerk \(--no-route sends it to main\)/);
  const before = asked;
  for (const [args, expected] of [
    [["--no-route"], "main"],
    [["--session", "notes"], "notes"],
    [["--agent", "gardener"], "ask:gardener"],
    [["--agent", "main"], "main"],
    [["--agent", "gardener", "--session", "plants"], "plants"],
  ] as const)
    assert.equal((await toldBy(go, ...args))[0], expected, args.join(" "));
  assert.equal(asked, before, "the person has said where");
  for (const advice of ["ask", "stay"] as const) {
    assert.equal((await toldBy(routing({ advice })))[0], "main", `${advice}, and nobody can be asked`);
    assert.equal((await toldBy(routing({ advice }), "--route"))[0], "ask:clerk", "as it was asked to be");
  }
  const skill = routing({ advice: "go", target: { kind: "skill", id: "tax", title: "tax" } });
  const [toMain, forSkill] = await toldBy(skill);
  assert.equal(toMain, "main");
  assert.match(forSkill, /To main, for the skill tax/);
  const open = routing({ advice: "ask", state: "unsure", target: null, why: null });
  const deciding = {
    ...open,
    decideRoute: () => ({ ...decided, advice: "go" as const, why: "tiny chose it among 2" }),
  };
  const [byModel, why] = await toldBy(deciding);
  assert.equal(byModel, "ask:clerk");
  assert.match(why, /To clerk: tiny chose it among 2/);
  const failing = { ...go, findRoute: () => Promise.reject(new RoostError("internal", "it learns")) };
  assert.equal((await toldBy(failing))[0], "main");
});

test("roost ask says what is wrong with an answer, on the terminal and in --json", async () => {
  const remark = "the answer is cut off at 4096 tokens: outputTokensMax under models in roost.yaml raises the limit";
  await using gateway = await serveGateway(answering([], { output: { kind: "reply", text: "Half of", remark } }));
  const { stdout, stderr } = await runRoost(["ask", "hi"], gateway);
  assert.equal(stdout, "Half of\n");
  assert.match(stderr, /cut off at 4096 tokens/);
  assert.equal(
    (JSON.parse((await runRoost(["ask", "--json", "hi"], gateway)).stdout) as { remark: string }).remark,
    remark,
  );
});

test("roost ask names the pictures of an answer with the command that fetches them", async () => {
  const part = { type: "image", mediaType: "image/png", bytes: 1_200_000, sha256: "a".repeat(64), name: "made-1" };
  await using gateway = await serveGateway(answering([], { output: { kind: "reply", text: "", parts: [part] } }));
  const { stdout } = await runRoost(["ask", "paint"], gateway);
  assert.match(stdout, /^\[image made-1 1\.2 MB image\/png\]\n\S*roost part a{64}\n$/);
  const json = JSON.parse((await runRoost(["ask", "--json", "paint"], gateway)).stdout) as { parts: unknown };
  assert.deepEqual(json.parts, [part]);
});

test("roost ask takes what is piped in, alone or beside what is said", async () => {
  await using gateway = await serveGateway(answering([]));
  await runRoost(["ask"], { ...gateway, input: "from a pipe\n" });
  assert.equal(sent.at(-1)?.text, "from a pipe");
  await runRoost(["ask", "--session", "notes", "review", "this:", "-"], { ...gateway, input: "the diff" });
  assert.deepEqual(sent.at(-1), { text: "review this:\n\nthe diff", sessionKey: "notes" });
  assert.equal((await runRoost(["ask"], gateway)).code, 64);
});

test("roost ask --json gives one document, and --no-wait the run's id", async () => {
  await using gateway = await serveGateway(answering([{ kind: "text", runId: someRunId, text: "Good" }]));
  const { stdout } = await runRoost(["ask", "--json", "hello"], gateway);
  const answer = JSON.parse(stdout) as { runId: string; state: string; text: string };
  assert.deepEqual([answer.runId, answer.state, answer.text], [someRunId, "done", reply]);
  assert.equal((await runRoost(["ask", "--no-wait", "hello"], gateway)).stdout, `${someRunId}\n`);
});

test("roost ask marks a rehearsed reply and exits with 1 when the run failed", async () => {
  await using rehearsing = await serveGateway(answering([], { isRehearsed: true }));
  assert.match((await runRoost(["ask", "hello"], rehearsing)).stderr, /rehearsed: there is no model/);
  await using failing = await serveGateway(
    answering([], { state: "failed", error: { code: "unavailable", message: "no provider answers" } }),
  );
  const { code, stderr } = await runRoost(["ask", "hello"], failing);
  assert.equal(code, 1);
  assert.match(stderr, /ended as failed: no provider answers/);
});

test("roost ask cancels the run at Ctrl-C and says so", async () => {
  const cancelled = Promise.withResolvers<void>();
  await using gateway = await serveGateway({
    ...answering([], {}),
    watchRun: async function* () {
      yield {
        event: "event",
        data: { kind: "event" as const, event: someEvent("step.started", { kind: "tool", name: "slow_tool" }) },
      };
      await cancelled.promise;
      yield { event: "over", data: { kind: "over" as const, run: someRun({ state: "cancelled" }) } };
    },
    cancelRun: () => {
      cancelled.resolve();
      return { outcome: "requested" as const, run: someSummary() };
    },
  });
  const run = startRoost(["ask", "hello"], gateway);
  await run.said("slow_tool");
  run.child.kill("SIGINT");
  const { code, stderr } = await run.ended;
  assert.equal(code, 130);
  assert.match(stderr, /Cancelling run/);
  assert.match(stderr, /was cancelled/);
});

test("roost ask --file uploads each file and names them in the message, also without a text", async () => {
  const directory = await mkdtemp(join(tmpdir(), "roost-ask-"));
  const [photo, list] = [join(directory, "photo.jpg"), join(directory, "list.txt")];
  await writeFile(photo, "photo");
  await writeFile(list, "list");
  const uploaded: string[] = [];
  const named: unknown[] = [];
  const handlers = answering([]);
  await using gateway = await serveGateway({
    ...handlers,
    uploadPart: async ({ name, content }) => {
      const pieces = content.bytes instanceof Uint8Array ? [content.bytes] : await Array.fromAsync(content.bytes);
      uploaded.push(`${name} ${Buffer.concat(pieces).toString()}`);
      const sha256 = String(uploaded.length).repeat(64);
      return { part: { type: "image", mediaType: "image/jpeg", bytes: 5, sha256, name } };
    },
    sendMessage: ({ text, parts }) => {
      named.push({ text, parts });
      return { messageId: "m1", runId: someRunId, isRepeated: false };
    },
  });
  assert.equal((await runRoost(["ask", "--file", photo, "--file", list], gateway)).code, 0);
  assert.deepEqual(uploaded, ["photo.jpg photo", "list.txt list"]);
  const parts = ["1", "2"].map((digit, index) => ({
    sha256: digit.repeat(64),
    name: ["photo.jpg", "list.txt"][index],
  }));
  assert.deepEqual(named, [{ text: "", parts }]);
  const missing = await runRoost(["ask", "--file", join(directory, "none"), "hi"], gateway);
  assert.match(missing.stderr, /none cannot be read: there is no such file/);
  await rm(directory, { recursive: true });
});
