import assert from "node:assert/strict";
import { test } from "node:test";
import type { Status } from "@roost/contract/operations";
import { someStatus } from "../testing/records.ts";
import { checkAnswer, checkServices, checkSource, checkStatus } from "./check-gateway.ts";

const at = "2026-01-01T00:00:00.000Z";

function modelOf(status: Status) {
  const checks = checkStatus(status, Date.parse(at));
  return checks.filter(({ name, text }) => name === "model" || text.includes("model_problem"));
}

test("checkStatus() calls a model that does not answer bad, once, and says what to do", () => {
  assert.deepEqual(modelOf(someStatus({})), [{ name: "model", state: "good", text: "ROOST_MODEL_URL small" }]);
  const reason =
    "qwen3 at Ollama; its context is assumed to be 4096 tokens, which is too little for an agent; start Ollama";
  const [small] = modelOf(someStatus({ model: { mode: "live", provider: "ollama", name: "qwen3", reason } }));
  assert.deepEqual([small?.state, small?.text.includes("4096 tokens"), small?.advice], ["warn", true, "start Ollama"]);
  const second = reason.replace("its context is assumed to be", "the context of spare is");
  const [spare] = modelOf(someStatus({ model: { mode: "live", provider: "main", name: "qwen3", reason: second } }));
  assert.deepEqual([spare?.state, spare?.text.includes("the context of spare is 4096")], ["warn", true]);
  const text = "small does not answer: connection refused at 127.0.0.1:1. Start its server";
  const dead = someStatus({ alarms: [{ code: "model_problem", text, since: null }] });
  assert.deepEqual(modelOf(dead), [{ name: "model", state: "bad", text }]);
});

test("checkAnswer() calls a model that fails bad, one that is silent a warning, and says what to do", () => {
  const told = (state: "answers" | "silent" | "fails") => {
    const { name, text, advice, ...check } = checkAnswer({ id: "local", name: "small", state, ms: 20, text: "why" });
    return [name, text, check.state, advice === undefined];
  };
  assert.deepEqual(told("answers"), ["one token", "small (local): why", "good", true]);
  assert.deepEqual(told("silent"), ["one token", "small (local): why", "warn", false]);
  assert.deepEqual(told("fails"), ["one token", "small (local): why", "bad", false]);
});

test("checkSource() says of a mailbox that fails why, and what to do", () => {
  const mail = { name: "work", kind: "mail", text: "INBOX: 3 mails", next: null } as const;
  assert.deepEqual(checkSource({ ...mail, state: "works" }), {
    name: "mail work",
    state: "good",
    text: "INBOX: 3 mails",
  });
  const failing = checkSource({ ...mail, state: "fails", text: "it refuses the login", next: "look at its secret" });
  assert.deepEqual([failing.state, failing.advice], ["bad", "look at its secret"]);
});

test("checkServices() prints the statements that an administrator runs before a service can", () => {
  const service = { name: "peeps", title: "Peeps", instanceCount: 1, contractHash: "x", reason: null, statements: [] };
  const reason = "The home's database user may not create roles";
  const statements = ['create role "roost_1_peeps" login', "grant usage on schema service to roost_1_peeps"];
  assert.deepEqual(
    checkServices([
      { ...service, state: "running" },
      { ...service, name: "eco", title: "Eco", state: "stopped", instanceCount: 0 },
      { ...service, name: "plans", state: "blocked", reason, statements },
    ]),
    [
      { name: "service peeps", state: "good", text: "Peeps, 1 running" },
      { name: "service eco", state: "warn", text: "Eco is not running" },
      {
        name: "service plans",
        state: "bad",
        text: reason,
        advice: `as an administrator of the database: ${statements[0]}; ${statements[1]};`,
      },
    ],
  );
});
