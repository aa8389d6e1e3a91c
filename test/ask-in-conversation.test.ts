/** An agent that asks in the middle of a turn of main: the question stands in the inbox, and the answer carries the turn on, by whatever door the turn came. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Script } from "@roost/agent/testing";
import { until } from "@roost/base/testing/until";
import OpenAI from "openai";
import { runRoost } from "../apps/cli/src/testing/run-roost.ts";
import { startAgents, type AgentGateway } from "../apps/gateway/src/openai/agents/start-agents.fixture.ts";

const questions: Record<string, { question: string; choices?: string[] }> = {
  paint: { question: "Which colour?", choices: ["Red", "Green"] },
  name: { question: "What is it called?" },
};

/** Asks first, and then says what it was told. */
const script: Script = ({ messages, userText }) => {
  const last = messages.at(-1);
  if (last?.role === "tool") return `You said ${/"answer":"([^"]*)"/.exec(last.content ?? "")?.[1]}`;
  const asked = questions[userText.trim().split("\n").at(-1) ?? ""];
  return asked === undefined ? "Hello." : { toolCalls: [{ name: "ask_person", arguments: asked }] };
};

let agents: AgentGateway;
let door: { url: string; environment: Record<string, string> };

before(async () => {
  agents = await startAgents(script);
  const { url, homeDir } = agents.gateway;
  const token = (await readFile(join(homeDir, ".roost/token"), "utf8")).trim();
  door = { url, environment: { ROOST_TOKEN: token, ROOST_HOME: homeDir } };
});
after(() => agents[Symbol.asyncDispose]());

async function awaited() {
  const { client } = agents.gateway;
  const waiting = async () => (await client.listInbox({ limit: 10 })).items;
  await until(async () => (await waiting()).length > 0);
  const [entry] = await waiting();
  assert.ok(entry?.kind === "question");
  return entry.question;
}

test("roost ask: the question of its turn stands in the inbox, and the answer to it carries the turn on", async () => {
  const asking = runRoost(["ask", "--no-route", "paint"], door);
  const { prompt, choices, id } = await awaited();
  assert.deepEqual([prompt, choices], ["Which colour?", ["Red", "Green"]]);
  const answered = await runRoost(["answer", id, "Green"], door);
  assert.equal(answered.code, 0, answered.stderr);
  const { code, stdout, stderr } = await asking;
  assert.deepEqual([code, stdout], [0, "You said Green\n"], stderr);
  assert.match(stderr, /\? Which colour\?\n.*roost answer [0-9a-f]{8} Red\|Green/);
});

test("roost chat: the next line answers the question of the turn, by name or number, and the line behind it is a message again", async () => {
  const { code, stdout, stderr } = await runRoost(["chat"], {
    ...door,
    input: "paint\nblue\n\n1\nname\nthe wren\nhello\n",
  });
  assert.deepEqual(
    [code, stdout],
    [0, "blue is none of: Red, Green\nYou said Red\nYou said the wren\nHello.\n"],
    stderr,
  );
  assert.match(stderr, /\? Which colour\?\n.*your next line answers it: 1 Red, 2 Green/);

  const json = await runRoost(["chat", "--json"], { ...door, input: "name\nthe crow\n" });
  const lines = json.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { question?: object; text?: string });
  assert.deepEqual(
    lines.map(({ question, text }) => text ?? Object.keys(question ?? {})),
    [["id", "prompt", "choices"], "You said the crow"],
  );
});

test("/v1: a turn that asks waits for the answer in the inbox, and the program gets what follows, whole and as a stream", async () => {
  const { client, url } = agents.gateway;
  const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: door.environment["ROOST_TOKEN"], maxRetries: 0 });
  const messages = [{ role: "user" as const, content: "name" }];
  const whole = openai.chat.completions.create({ model: "roost/main", messages });
  await client.answerQuestion({ questionId: (await awaited()).id, answer: "a wren" });
  assert.equal((await whole).choices[0]?.message.content, "You said a wren");
  const stream = openai.chat.completions.create({ model: "roost/main", messages, stream: true });
  const text = stream.then(async (chunks) =>
    (await Array.fromAsync(chunks)).map(({ choices }) => choices[0]?.delta.content ?? "").join(""),
  );
  await client.answerQuestion({ questionId: (await awaited()).id, answer: "a crow" });
  assert.equal(await text, "You said a crow");
});
