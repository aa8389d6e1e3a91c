/** A conversation lasts: nothing leaves it unsummarised, what must not be forgotten is in memory, and a silent model ends a turn with the reason. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { openModels } from "@roost/agent";
import { silentLogger } from "@roost/base";
import type { Part } from "@roost/contract/part";
import { getRun, listSteps, readTopic, watchStream, type Run } from "@roost/kernel";
import { compactSession, createSession, findPart, readTranscript, sendMessage } from "@roost/memory";
import { createAgentHandler, type AgentHandlerOptions } from "./create-agent-handler.ts";
import { executeRun } from "./execute-run.ts";
import { createModelsFor } from "./models/choose-models.ts";
import { openTestHome, type TestHome } from "./testing/open-test-home.ts";

const sessionKey = "main";

async function execute(home: TestHome, runId: string, options: Partial<AgentHandlerOptions> = {}): Promise<Run> {
  const { run } = await home.claim(runId);
  const agent = createAgentHandler({ ...home.handlerOptions, ...options });
  const { signal } = new AbortController();
  assert.ok(await executeRun({ kernel: home.kernel, handlers: { agent }, logger: silentLogger }, run, signal));
  return getRun(home.kernel.database, runId);
}

/** The models of the home, with a window of so many tokens. */
function small(home: TestHome, contextTokensMax: number): Pick<AgentHandlerOptions, "modelsFor"> {
  const provider = {
    kind: "openai-compatible",
    id: "s",
    baseUrl: home.modelUrl,
    model: "s",
    contextTokensMax,
  } as const;
  const { memory, kernel } = home;
  return {
    modelsFor: createModelsFor({
      providers: [provider],
      settings: memory.settings,
      clock: kernel.clock,
      logger: silentLogger,
    }),
  };
}

const isSummary = (systemText: string) => systemText.includes("compacting a conversation");
const stepsOf = async ({ kernel }: TestHome, runId: string) =>
  (await listSteps(kernel.database, runId)).map(({ name }) => name);

test("a conversation that outgrows a small window again and again never loses its beginning", async () => {
  await using home = await openTestHome();
  const { memory } = home;
  const codeword = "heliotrope";
  let summaryCount = 0;
  home.setScript(({ systemText, messages }) => {
    if (!isSummary(systemText)) return `Seen ${JSON.stringify(messages).includes(codeword)}.`;
    summaryCount += 1;
    // Only what it was shown can be in it.
    const knows = JSON.stringify(messages).includes(codeword);
    return `REMEMBER: The codeword is ${knows ? codeword : "lost"}.\nThey talked; the codeword is ${knows ? codeword : "lost"}.`;
  });
  const options = small(home, 4_000);
  const filler = "about the garden and the weather ".repeat(60);
  for (let turn = 1; turn <= 14; turn += 1) {
    const text = turn === 1 ? `The codeword is ${codeword}` : `Turn ${turn} ${filler}`;
    const { runId } = await sendMessage(memory, { sessionKey, text });
    const run = await execute(home, runId, options);
    assert.equal(run.state, "done", JSON.stringify(run.error));
    assert.equal((run.output as { text?: string }).text, "Seen true.", `turn ${turn}`);
  }
  assert.ok(summaryCount >= 2, `${summaryCount} summaries`);
  const day = memory.calendar.dayAt(home.kernel.clock.nowMs());
  const note = await readFile(join(home.homeDir, `memory/${day}.md`), "utf8");
  assert.match(note, /The codeword is heliotrope/);
  const { messages } = await readTranscript(memory, sessionKey, { limit: 500 });
  assert.equal(messages.filter(({ role }) => role === "user").length, 14, "people read all of it");
  const last = messages.findLast(({ role, content }) => role === "system" && content.role === "summary");
  const steps = await stepsOf(home, last!.runId!);
  assert.ok(steps.indexOf("compaction#1") < steps.indexOf("tool:remember#1"), steps.join(" "));
});

test("a person has a conversation summarised; the next turn goes on from the summary, and it is told as an answer nowhere", async () => {
  await using home = await openTestHome();
  const { memory, kernel } = home;
  home.setScript(({ systemText }) => (isSummary(systemText) ? "They greeted each other." : "Hello!"));
  await execute(home, (await sendMessage(memory, { sessionKey, text: "Hi there" })).runId);
  const { runId } = await compactSession(memory, sessionKey);
  await assert.rejects(compactSession(memory, sessionKey), { code: "conflict" });
  const run = await execute(home, runId);
  assert.equal((run.output as { text?: string }).text, "They greeted each other.");
  assert.deepEqual(await stepsOf(home, runId), ["context#1", "compaction#1"]);
  let asked = "";
  home.setScript((request) => {
    asked = JSON.stringify(request.messages);
    return "Yes.";
  });
  await execute(home, (await sendMessage(memory, { sessionKey, text: "And?" })).runId);
  assert.match(asked, /Summary of \d+ earlier messages[^"]*They greeted each other/);
  assert.doesNotMatch(asked, /Hi there/);
  const { messages } = await readTranscript(memory, sessionKey);
  assert.deepEqual(
    messages.map(({ role, text }) => `${role} ${text.split("\n").at(-1)}`),
    ["user Hi there", "assistant Hello!", "system They greeted each other.", "user And?", "assistant Yes."],
  );
  const empty = await compactSession(memory, (await createSession(memory, { key: "empty" })).key);
  assert.equal((await execute(home, empty.runId)).state, "done");
  assert.equal((await readTranscript(memory, "empty")).messages.length, 0);
  assert.equal((await getRun(kernel.database, empty.runId)).error, null);
});

test("a silent model ends the turn after one limit, tries and attempts included; that is said while it lasts and in the conversation", async () => {
  let requestCount = 0;
  await using server = createServer(() => void (requestCount += 1)).listen(0, "127.0.0.1");
  await once(server, "listening");
  await using home = await openTestHome();
  const { memory, kernel } = home;
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const provider = { kind: "openai-compatible", id: "mute", baseUrl, model: "m" } as const;
  const models = openModels({
    providers: [provider],
    clock: kernel.clock,
    logger: silentLogger,
    limits: { silenceMsMax: 400, silenceRemarkMs: 120 },
  });
  const { runId } = await sendMessage(memory, { sessionKey, text: "Are you there?" });
  const watching = new AbortController();
  const remarks: string[] = [];
  const deltas = watchStream(kernel, runId, { signal: watching.signal });
  const watched = (async () => {
    for await (const delta of deltas) if (delta.type === "remark") remarks.push(String(delta["text"]));
  })();
  const run = await execute(home, runId, { modelsFor: () => models });
  watching.abort();
  await watched;
  assert.equal(run.state, "failed");
  assert.match(run.error?.message ?? "", /sent nothing for 400ms/);
  assert.equal(requestCount, 1);
  assert.match(remarks[0] ?? "", /silent for .*; giving up after 400ms/);
  const { messages } = await readTranscript(memory, sessionKey);
  server.closeAllConnections();
  assert.match(messages.at(-1)?.text ?? "", /^\(no answer: .*sent nothing for 400ms.*silenceMax/);
});

test("a picture that a model makes is a part of its answer: kept, marked, named in the event and found again", async () => {
  const png = Buffer.from("89504e470d0a1a0a0000000d49484452", "hex");
  const image = { type: "image_url", image_url: { url: `data:image/png;base64,${png.toString("base64")}` } };
  const chunk = (delta: object, finish: string | null) =>
    `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
  const requests: string[] = [];
  await using server = createServer((request, response) => {
    let body = "";
    request.on("data", (piece: Buffer) => (body += piece.toString()));
    request.on("end", () => {
      requests.push(body);
      response.end(chunk({ role: "assistant", content: "", images: [image] }, null) + chunk({}, "stop"));
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  await using home = await openTestHome();
  const { memory, kernel } = home;
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const provider = { kind: "openai-compatible", id: "painter", baseUrl, model: "m" } as const;
  const models = openModels({ providers: [provider], clock: kernel.clock, logger: silentLogger });
  const paint = async (text: string) =>
    await execute(home, (await sendMessage(memory, { sessionKey, text })).runId, { modelsFor: () => models });
  const run = await paint("Paint a cat");
  const output = run.output as { parts?: Part[] | undefined; remark?: string };
  const [part] = output.parts ?? [];
  assert.deepEqual([part?.type, part?.mediaType, output.remark], ["image", "image/png", undefined]);
  const { messages } = await readTranscript(memory, sessionKey);
  const answer = messages.at(-1)!;
  assert.ok(answer.content.role === "assistant" && answer.content.parts?.[0]?.sha256 === part?.sha256);
  const { events } = await readTopic(kernel.database, { topic: "sessions", types: ["message.sent"], limit: 10 });
  assert.equal((events[0]!.data["parts"] as unknown as Part[])[0]?.sha256, part?.sha256);
  await paint("Another");
  assert.match(requests[1] ?? "", new RegExp(`you made: image made-1 16 B image/png #${part!.sha256!.slice(0, 12)}`));
  const as = { kind: "main" as const, sessionKey };
  const found = await findPart(memory, { named: part!.sha256!.slice(0, 12), as, runId: run.id });
  assert.equal(found.part.mediaType, "image/png");
  server.closeAllConnections();
});
