// When a reply is over, how long a silence is borne, and what a waiting person is told.
import assert from "node:assert/strict";
import { hostname } from "node:os";
import { test } from "node:test";
import { silentLogger, systemClock } from "@roost/base";
import { startScriptedModelServer } from "../testing.ts";
import { askOnce, chunkOf, request as asking, serveRaw } from "./ask-once.fixture.ts";
import { createMemoryCoolDowns } from "./cool-down.ts";
import { modelLimitDefaults } from "./models.ts";
import { openModels } from "./open-models.ts";
import { createPatientFetch } from "./patient-fetch.ts";
import { providerKey, queuedServerOf } from "./provider-config.ts";
import { silenceFor } from "./silence-for.ts";

/** No server has this port. */
const nowhere = "http://127.0.0.1:9/v1";

const said = chunkOf({ role: "assistant", content: "Hello " }) + chunkOf({ content: "there" }) + chunkOf({}, "stop");

test("openModels() says that an address has moved, and follows where the method is kept on the same host", async () => {
  await using server = await serveRaw((request, response) => {
    const isNew = request.url?.startsWith("/new") === true;
    const status = request.url?.startsWith("/kept") === true ? 308 : 301;
    if (isNew) return void response.end(said);
    response.writeHead(status, { location: "/new/v1/chat/completions" });
    response.end();
  });
  const moved = await askOnce(server.url);
  assert.ok(moved.kind === "failed");
  assert.match(moved.message, /moved to http:\/\/127\.0\.0\.1:\d+\/new\/v1/);
  assert.equal((await askOnce(server.url.replace("/v1", "/kept/v1"))).kind, "message");
  await using login = await serveRaw((_request, response) => {
    response.writeHead(302, { location: "https://sso.example/login" });
    response.end();
  });
  const signIn = await askOnce(login.url);
  assert.ok(signIn.kind === "failed");
  assert.match(signIn.message, /leads to https:\/\/sso\.example\/login, which is not where a model answers/);
});

test("openModels() ends a reply at [DONE] although the connection stays open", async () => {
  await using server = await serveRaw((_request, response) => void response.write(`${said}data: [DONE]\n\n`));
  assert.equal((await askOnce(server.url)).kind, "message");
});

test("openModels() takes every byte for a sign of life, and tells how long a model is silent", async () => {
  await using server = await serveRaw((_request, response) => {
    response.writeHead(200);
    let count = 0;
    const timer = setInterval(() => {
      response.write(":\n\n");
      count += 1;
      if (count < 30) return;
      clearInterval(timer);
      response.end(said);
    }, 100);
  });
  const alive = await askOnce(server.url, { silenceMsMax: 2_500 });
  assert.ok(alive.kind === "message", JSON.stringify(alive));
});

test("openModels() gives a silent model up after one limit of silence, tries included, and tells meanwhile", async () => {
  let requestCount = 0;
  await using server = await serveRaw(() => {
    requestCount += 1;
  });
  const remarks: string[] = [];
  const startedMs = Date.now();
  const outcome = await askOnce(server.url, { silenceMsMax: 400, silenceRemarkMs: 150 }, remarks);
  assert.ok(outcome.kind === "failed");
  assert.equal(outcome.code, "timeout");
  assert.equal(outcome.isRetryable, false);
  assert.match(outcome.message, /sent nothing for 400ms.*silenceMax/);
  assert.equal(requestCount, 1);
  assert.ok(Date.now() - startedMs >= 390);
  assert.ok(remarks.length > 0);
  assert.match(remarks[0] ?? "", /silent for .*; giving up after /);
});

test("openModels() tells a waiting person at once that the key is wrong, and tries for others later", async () => {
  await using server = await startScriptedModelServer({
    script: () => ({ status: 401, error: { message: "bad key" } }),
  });
  const ask = (isStartedByPerson: boolean) => askOnce(server.url, {}, [], { isStartedByPerson });
  const person = await ask(true);
  assert.ok(person.kind === "failed");
  assert.deepEqual([person.code, person.isRetryable], ["unauthenticated", false]);
  assert.match(person.message, /bad key; check its key/);
  const job = await ask(false);
  assert.ok(job.kind === "failed");
  assert.equal(job.isRetryable, true);
});

test("openModels() counts no silence while another call of Roost has the server, and says that it waits", async () => {
  await using server = await serveRaw((_request, response) => void response.end(said));
  let waitedMs = 0;
  const entered: string[] = [];
  const models = openModels({
    providers: [{ kind: "openai-compatible", id: "small", baseUrl: server.url, model: "m", oneAtATime: true }],
    clock: { ...systemClock, nowMs: () => Date.now() + waitedMs },
    logger: silentLogger,
    limits: { roundsMax: 1, silenceMsMax: 60_000 },
    queue: {
      async enter(address, { onWait }) {
        entered.push(address);
        onWait();
        waitedMs += 3_600_000;
        return { [Symbol.asyncDispose]: async () => void entered.push("left") };
      },
    },
  });
  const remarks: string[] = [];
  const answer = await models.call(asking, {
    signal: new AbortController().signal,
    step: "model#1",
    onDelta: (delta) => void (delta.type === "remark" && remarks.push(delta.text)),
  });
  assert.equal(answer.kind, "message");
  assert.deepEqual(remarks, ["small (m) answers another call first; waiting for it"]);
  assert.deepEqual(entered, [`${hostname()}:${new URL(server.url).port}`, "left"]);
});

test("openModels() asks the next model when those before it in the queue found that one does not answer", async () => {
  await using server = await serveRaw((_request, response) => void response.end(said));
  const coolDowns = createMemoryCoolDowns();
  const small = { kind: "openai-compatible", id: "small", baseUrl: nowhere, model: "m", oneAtATime: true } as const;
  const models = openModels({
    providers: [small, { ...small, id: "large", baseUrl: server.url, oneAtATime: false }],
    clock: systemClock,
    logger: silentLogger,
    coolDowns,
    queue: {
      async enter(_address, { onWait }) {
        onWait();
        const nowMs = Date.now();
        const refused = {
          failureCount: 1,
          untilMs: nowMs + 3_600_000,
          lastAttemptMs: nowMs,
          message: "silent",
        } as const;
        await coolDowns.update(providerKey(small), () => ({ ...refused, code: "timeout" }));
        return { [Symbol.asyncDispose]: async () => undefined };
      },
    },
  });
  const answer = await models.call(asking, { signal: new AbortController().signal, step: "model#1" });
  assert.ok(answer.kind === "message");
  assert.equal(answer.message.provider, "large");
  assert.deepEqual(answer.failedAttempts, []);
});

test("openModels() asks a model whose queue fails, and ends a call that is aborted while it waits", async () => {
  await using server = await serveRaw((_request, response) => void response.end(said));
  const ask = (enter: () => Promise<AsyncDisposable>, signal: AbortSignal) =>
    openModels({
      providers: [{ kind: "openai-compatible", id: "small", baseUrl: server.url, model: "m", oneAtATime: true }],
      clock: systemClock,
      logger: silentLogger,
      queue: { enter },
    }).call(asking, { signal, step: "model#1" });
  const failing = () => Promise.reject(new Error("no database"));
  assert.equal((await ask(failing, new AbortController().signal)).kind, "message");
  const gone = new AbortController();
  const waiting = ask(() => {
    gone.abort(new Error("cancelled"));
    return failing();
  }, gone.signal);
  await assert.rejects(waiting, /cancelled/);
});

test("queuedServerOf() is where a small server of this machine listens, named by the machine, and another where the settings say so", () => {
  const of = (baseUrl: string, oneAtATime?: boolean) =>
    queuedServerOf({ kind: "openai-compatible", id: "a", model: "m", baseUrl, oneAtATime }, "attic");
  for (const host of ["127.0.0.1", "localhost", "[::1]"]) assert.equal(of(`http://${host}:8080/v1`), "attic:8080");
  assert.equal(of("http://localhost:11434/v1"), "attic:11434");
  assert.equal(of("http://127.0.0.1:8080/v1", false), undefined);
  assert.equal(of("http://127.0.0.1:8000/v1"), undefined);
  assert.equal(of("http://127.0.0.1:8000/v1", true), "attic:8000");
  assert.equal(of("http://10.0.0.7:8080/v1"), undefined);
  assert.equal(of("http://10.0.0.7:8080/v1", true), "10.0.0.7:8080");
  assert.equal(of("https://api.example/v1"), undefined);
});

test("silenceFor() gives a small server more time, half to one with another behind it, and that one time for itself", () => {
  const limits = { ...modelLimitDefaults, silenceMsMax: 180_000, smallSilenceMsMax: 600_000 };
  const small = { queuedServer: "attic:11434", silenceMsMax: undefined };
  const other = { queuedServer: undefined, silenceMsMax: undefined };
  const alone = { limits, isLast: true, silentMs: undefined };
  const first = { ...alone, isLast: false };
  assert.deepEqual([silenceFor(small, alone), silenceFor(other, alone)], [600_000, 180_000]);
  assert.deepEqual([silenceFor(small, first), silenceFor(other, first)], [300_000, 90_000]);
  assert.equal(silenceFor({ ...small, silenceMsMax: 5_000 }, first), 5_000);
  assert.equal(silenceFor(other, { ...alone, silentMs: 90_000 }), 180_000, "one limit for both");
  assert.equal(silenceFor(other, { ...alone, silentMs: 300_000 }), 390_000);
});

test("openModels() asks a model that may be silent for long by a fetch that waits so long", async () => {
  await using server = await serveRaw((_request, response) => void response.end(said));
  const used: string[] = [];
  const patientFetch = createPatientFetch();
  const ask = (silenceMsMax: number) =>
    openModels({
      providers: [{ kind: "openai-compatible", id: "a", baseUrl: server.url, model: "m", silenceMsMax }],
      patientFetch: (...given) => {
        used.push("patient");
        return patientFetch(...given);
      },
      clock: systemClock,
      logger: silentLogger,
    }).call(asking, { signal: new AbortController().signal, step: "model#1" });
  for (const silenceMsMax of [300_000, 600_000]) assert.equal((await ask(silenceMsMax)).kind, "message");
  assert.deepEqual(used, ["patient"]);
});
