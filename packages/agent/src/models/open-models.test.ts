import assert from "node:assert/strict";
import { test } from "node:test";
import { createFakeClock, silentLogger, type FakeClock } from "@roost/base";
import { startScriptedModelServer, type Script, type ScriptedModelServer } from "../testing.ts";
import type { SpendRequest } from "../usage/spend.ts";
import type { CallActual } from "../usage/token-usage.ts";
import { createMemoryCoolDowns, type CoolDownStore } from "./cool-down.ts";
import type { ModelCallOptions, ModelDelta, ModelLimits, ModelRequest } from "./models.ts";
import { openModels } from "./open-models.ts";
import type { OpenAiCompatibleConfig } from "./provider-config.ts";

const startMs = Date.parse("2026-03-01T06:00:00Z");
const minuteMs = 60_000;

interface Setting {
  first: ScriptedModelServer;
  second: ScriptedModelServer;
  clock: FakeClock;
  waits: number[];
  open: (change?: {
    limits?: Partial<ModelLimits>;
    coolDowns?: CoolDownStore;
    key?: string;
    only?: "first" | undefined;
  }) => ReturnType<typeof openModels>;
}

/** Two providers whose waits pass at once on a fake clock. */
async function withProviders(scripts: { first: Script; second?: Script }, work: (setting: Setting) => Promise<void>) {
  await using first = await startScriptedModelServer({ script: scripts.first });
  await using second = await startScriptedModelServer({ script: scripts.second ?? (() => "from the second") });
  const clock = createFakeClock(startMs);
  const waits: number[] = [];
  const config = (id: string, server: ScriptedModelServer, apiKey: string): OpenAiCompatibleConfig => ({
    kind: "openai-compatible",
    id,
    baseUrl: server.url,
    apiKey,
    model: `model-of-${id}`,
  });
  await work({
    first,
    second,
    clock,
    waits,
    open: ({ limits = {}, coolDowns, key = "key-1", only } = {}) =>
      openModels({
        providers: [config("first", first, key), ...(only === "first" ? [] : [config("second", second, key)])],
        clock,
        logger: silentLogger,
        limits,
        coolDowns,
        wait: async (ms, { signal }) => {
          signal.throwIfAborted();
          waits.push(ms);
          clock.advance(ms);
        },
      }),
  });
}

const request: ModelRequest = {
  sections: [],
  messages: [{ role: "user", text: "Hello" }],
  tools: [],
  outputTokensMax: 100,
};
const options = (change: Partial<ModelCallOptions> = {}): ModelCallOptions => ({
  signal: new AbortController().signal,
  step: "model#1",
  ...change,
});

test("openModels() waits for a server that loads its model or takes one request at a time, says so once, and not for ever", async () => {
  for (const message of ["Loading model", "server busy, please try again later: no slot is free"]) {
    let left = 8;
    const first = () => ((left -= 1) > 0 ? { status: 503, error: { message } } : "answered at last");
    await withProviders({ first }, async ({ waits, open }) => {
      const remarks: string[] = [];
      const onDelta = (delta: ModelDelta) => void (delta.type === "remark" && remarks.push(delta.text));
      const models = open({ only: "first" });
      const outcome = await models.call(request, { ...options(), onDelta });
      assert.ok(outcome.kind === "message");
      assert.equal(waits.length, 7);
      assert.deepEqual(remarks, ["the model is loading or busy; trying again for up to 3m"]);
      left = Infinity;
      const gaveUp = await open({ only: "first", key: "key-2" }).call(request, options());
      assert.ok(gaveUp.kind === "failed" && gaveUp.isRetryable);
      assert.ok(waits.reduce((sum, ms) => sum + ms, 0) < 2 * 180_000);
    });
  }
});

for (const status of [401, 402, 403, 404, 408, 429, 500, 502, 503, 529]) {
  test(`openModels() falls back to the next provider on HTTP ${status}, and leaves the first alone`, async () => {
    await withProviders({ first: () => ({ status }) }, async ({ first, second, open }) => {
      const models = open();
      const remarks: string[] = [];
      const onDelta = (delta: ModelDelta) => void (delta.type === "remark" && remarks.push(delta.text));
      const outcome = await models.call(request, options({ onDelta }));
      assert.ok(outcome.kind === "message");
      assert.match(remarks.join(), /^first \(.*\) does not answer: HTTP \d+: .*; asking second \(.*\)$/);
      assert.equal(outcome.message.text, "from the second");
      assert.equal(outcome.message.provider, "second");
      assert.deepEqual(
        outcome.failedAttempts.map((attempt) => [attempt.provider, attempt.status]),
        [["first", status]],
      );
      await models.call(request, options());
      assert.equal(first.requests.length, 1);
      assert.equal(second.requests.length, 2);
      const { providers } = await models.describe();
      assert.deepEqual(
        providers.map((provider) => provider.state),
        ["cooling_down", "ready"],
      );
    });
  });
}

test("openModels() falls back when nothing listens", async () => {
  await withProviders({ first: () => "never" }, async ({ first, open }) => {
    await first.close();
    const outcome = await open().call(request, options());
    assert.ok(outcome.kind === "message");
    assert.equal(outcome.failedAttempts[0]?.code, "unavailable");
  });
});

test("openModels() goes back to the first provider when its cool-down is over, and forgets it after a success", async () => {
  let isBroken = true;
  await withProviders({ first: () => (isBroken ? { status: 503 } : "from the first") }, async ({ clock, open }) => {
    const coolDowns = createMemoryCoolDowns();
    const failureCount = async () => {
      const { providers } = await open({ coolDowns }).describe();
      return providers[0]?.coolDown?.failureCount;
    };
    const models = open({ coolDowns });
    await models.call(request, options());
    isBroken = false;
    clock.advance(5 * minuteMs);
    const outcome = await models.call(request, options());
    assert.ok(outcome.kind === "message");
    assert.equal(outcome.message.provider, "first");
    // What was forgotten does not count towards the next cool-down.
    isBroken = true;
    await models.call(request, options());
    assert.equal(await failureCount(), 1);
  });
});

test("openModels() waits for Retry-After when it is short", async () => {
  let count = 0;
  const first: Script = () => (count++ === 0 ? { status: 429, headers: { "retry-after": "7" } } : "after the wait");
  await withProviders({ first }, async ({ waits, open }) => {
    const outcome = await open({ only: "first" }).call(request, options());
    assert.ok(outcome.kind === "message");
    assert.equal(outcome.message.text, "after the wait");
    assert.deepEqual(waits, [7000]);
  });
});

test("openModels() does not wait for a long Retry-After; it says when to come back", async () => {
  await withProviders(
    { first: () => ({ status: 429, headers: { "retry-after": "3600" } }) },
    async ({ first, waits, open }) => {
      const models = open({ only: "first" });
      const outcome = await models.call(request, options());
      assert.ok(outcome.kind === "failed");
      assert.equal(outcome.retryAtMs, startMs + 3_600_000);
      assert.equal(outcome.isRetryable, true);
      assert.deepEqual(waits, []);
      await models.call(request, options());
      assert.equal(first.requests.length, 1);
    },
  );
});

test("openModels() tries a passing failure again, at most roundsMax times", async () => {
  await withProviders({ first: () => ({ status: 503 }) }, async ({ first, waits, open }) => {
    const outcome = await open({ only: "first", limits: { roundsMax: 3 } }).call(request, options());
    assert.equal(outcome.kind, "failed");
    assert.equal(first.requests.length, 3);
    assert.deepEqual(waits, [1000, 2000]);
  });
});

test("L: openModels() does not hammer a provider that refuses the key: 12 days of heartbeats", async () => {
  await withProviders(
    { first: () => ({ status: 401, error: { message: "no such key" } }) },
    async ({ first, clock, open }) => {
      const models = open({ only: "first" });
      let failedCount = 0;
      for (let beat = 0; beat < 12 * 48; beat += 1) {
        const outcome = await models.call(request, options());
        if (outcome.kind === "failed" && outcome.code === "unauthenticated") failedCount += 1;
        clock.advance(30 * minuteMs);
      }
      assert.equal(failedCount, 12 * 48);
      assert.ok(first.requests.length <= 60, `${first.requests.length} requests`);
    },
  );
});

test("openModels() tries a corrected key at once", async () => {
  await withProviders(
    { first: ({ headers }) => (headers.authorization === "Bearer key-2" ? "welcome" : { status: 401 }) },
    async ({ open }) => {
      const coolDowns = createMemoryCoolDowns();
      assert.equal((await open({ only: "first", coolDowns }).call(request, options())).kind, "failed");
      const outcome = await open({ only: "first", coolDowns, key: "key-2" }).call(request, options());
      assert.equal(outcome.kind, "message");
    },
  );
});

test("openModels() shares cool-downs between processes through the store", async () => {
  await withProviders({ first: () => ({ status: 401 }) }, async ({ first, open }) => {
    const coolDowns = createMemoryCoolDowns();
    await open({ coolDowns }).call(request, options());
    await open({ coolDowns }).call(request, options());
    assert.equal(first.requests.length, 1);
  });
});

test("openModels() answers although the store of cool-downs fails", async () => {
  const broken: CoolDownStore = {
    read: () => Promise.reject(new Error("store down")),
    update: () => Promise.reject(new Error("store down")),
  };
  await withProviders({ first: () => ({ status: 503 }) }, async ({ first, open }) => {
    const models = open({ coolDowns: broken });
    assert.equal((await models.call(request, options())).kind, "message");
    assert.equal((await models.call(request, options())).kind, "message");
    assert.equal(first.requests.length, 1);
  });
});

test("openModels() tries for a waiting person although the provider cools down, but not in a burst", async () => {
  await withProviders({ first: () => ({ status: 401 }) }, async ({ first, clock, open }) => {
    const models = open({ only: "first" });
    const person = { ...request, isStartedByPerson: true };
    await models.call(request, options());
    await models.call(person, options());
    assert.equal(first.requests.length, 1);
    clock.advance(20_000);
    await models.call(person, options());
    await models.call(person, options());
    assert.equal(first.requests.length, 2);
  });
});

test("openModels() counts calls that fail together as one failure", async () => {
  const { promise: opened, resolve: release } = Promise.withResolvers<void>();
  await withProviders({ first: () => ({ status: 401, before: opened }) }, async ({ first, open }) => {
    const coolDowns = createMemoryCoolDowns();
    const models = open({ only: "first", coolDowns });
    const calls = Promise.all([
      models.call(request, options()),
      models.call(request, options()),
      models.call(request, options()),
    ]);
    await first.arrived(2);
    release();
    await calls;
    const { providers } = await models.describe();
    assert.equal(providers[0]?.coolDown?.failureCount, 1);
    assert.equal(first.requests.length, 3);
  });
});

test("openModels() resets the watcher's text when a reply breaks off, and shows the next provider's", async () => {
  const first: Script = () => ({ chunks: ["Half ", "a "], breakAfter: { chunkCount: 2, how: "cut" } });
  await withProviders({ first }, async ({ open }) => {
    const deltas: ModelDelta[] = [];
    const outcome = await open().call(request, options({ onDelta: (delta) => deltas.push(delta) }));
    assert.ok(outcome.kind === "message");
    assert.equal(outcome.failedAttempts[0]?.hadDeltas, true);
    const reset = deltas.findIndex((delta) => delta.type === "reset");
    assert.equal(
      deltas
        .slice(0, reset)
        .map((delta) => (delta.type === "text" ? delta.text : ""))
        .join(""),
      "Half a ",
    );
    assert.equal(
      deltas
        .slice(reset + 1)
        .map((delta) => (delta.type === "text" ? delta.text : ""))
        .join(""),
      "from the second",
    );
  });
});

test("openModels() goes on when a watcher throws", async () => {
  await withProviders({ first: () => "fine" }, async ({ open }) => {
    const outcome = await open().call(
      request,
      options({
        onDelta: () => {
          throw new Error("watcher gone");
        },
      }),
    );
    assert.equal(outcome.kind, "message");
  });
});

test("openModels() answers a prompt that is too long with context_exceeded and makes no call", async () => {
  await withProviders({ first: () => "never" }, async ({ first, open }) => {
    const outcome = await open({ limits: { contextTokensMaxDefault: 1000 } }).call(
      { ...request, messages: [{ role: "user", text: "word ".repeat(2000) }] },
      options(),
    );
    assert.ok(outcome.kind === "context_exceeded");
    assert.equal(outcome.source, "estimate");
    assert.equal(outcome.contextTokensMax, 1000);
    assert.equal(first.requests.length, 0);
  });
});

test("openModels() reserves the upper bound before each attempt and settles what was used", async () => {
  const first: Script = () => ({ status: 503 });
  const second: Script = () => ({ text: "hi", usage: { prompt_tokens: 9, completion_tokens: 1 } });
  await withProviders({ first, second }, async ({ open }) => {
    const events: [string, SpendRequest | CallActual][] = [];
    await open().call(
      request,
      options({
        reserveSpend: async (asked) => {
          events.push(["reserve", asked]);
          return { state: "granted", settle: async (actual) => void events.push(["settle", actual]) };
        },
      }),
    );
    assert.deepEqual(
      events.map(([what]) => what),
      ["reserve", "settle", "reserve", "settle"],
    );
    assert.deepEqual(events[1]?.[1], { inputTokens: 0, outputTokens: 0, costUsd: 0, isEstimated: false });
    const reserved = events[2]?.[1] as SpendRequest;
    assert.equal(reserved.provider, "second");
    assert.equal(reserved.outputTokens, 100);
    assert.ok(reserved.inputTokens >= 9);
    assert.deepEqual(events[3]?.[1], { inputTokens: 9, outputTokens: 1, costUsd: null, isEstimated: false });
  });
});

test("openModels() makes no call when the reservation is refused", async () => {
  await withProviders({ first: () => "never" }, async ({ first, open }) => {
    const outcome = await open().call(
      request,
      options({
        reserveSpend: async () => ({ state: "refused", cap: "day 2 USD", message: "the day's 2 USD are spent" }),
      }),
    );
    assert.deepEqual(outcome, { kind: "spend_refused", cap: "day 2 USD", message: "the day's 2 USD are spent" });
    assert.equal(first.requests.length, 0);
  });
});

test("openModels() settles a cut-off reply and a server without usage as estimates, never as nothing", async () => {
  const first: Script = () => ({ chunks: ["Once upon a time "], breakAfter: { chunkCount: 1, how: "cut" } });
  const second: Script = () => ({ text: "hi", usage: null });
  await withProviders({ first, second }, async ({ open }) => {
    const settled: CallActual[] = [];
    await open().call(
      request,
      options({
        reserveSpend: async () => ({ state: "granted", settle: async (actual) => void settled.push(actual) }),
      }),
    );
    assert.equal(settled.length, 2);
    for (const actual of settled) {
      assert.equal(actual.isEstimated, true);
      assert.ok(actual.inputTokens > 0);
      assert.ok(actual.outputTokens > 0);
    }
  });
});

test("openModels() settles before an abort is passed on", async () => {
  await withProviders({ first: () => ({ stall: "after_headers" }) }, async ({ first, open }) => {
    const abort = new AbortController();
    const settled: CallActual[] = [];
    const pending = open().call(
      request,
      options({
        signal: abort.signal,
        reserveSpend: async () => ({ state: "granted", settle: async (actual) => void settled.push(actual) }),
      }),
    );
    await first.arrived(0);
    abort.abort(new Error("stopped"));
    await assert.rejects(pending, /stopped/);
    assert.equal(settled[0]?.isEstimated, true);
  });
});

test("openModels() reserves nothing for a call that is aborted already", async () => {
  await withProviders({ first: () => "never" }, async ({ first, open }) => {
    let reservedCount = 0;
    const pending = open().call(
      request,
      options({
        signal: AbortSignal.abort(new Error("stopped")),
        reserveSpend: async () => {
          reservedCount += 1;
          return { state: "refused", cap: "", message: "" };
        },
      }),
    );
    await assert.rejects(pending, /stopped/);
    assert.equal(reservedCount, 0);
    assert.equal(first.requests.length, 0);
  });
});

test("openModels() refuses providers and limits that cannot work", () => {
  const common = { clock: createFakeClock(0), logger: silentLogger };
  const provider: OpenAiCompatibleConfig = {
    kind: "openai-compatible",
    id: "a",
    baseUrl: "http://127.0.0.1:1/v1",
    model: "m",
  };
  assert.throws(() => openModels({ ...common, providers: [] }), { code: "invalid_input" });
  assert.throws(() => openModels({ ...common, providers: [provider, provider] }), { code: "invalid_input" });
  assert.throws(() => openModels({ ...common, providers: [{ ...provider, baseUrl: "file:///etc" }] }), {
    code: "invalid_input",
  });
  assert.throws(() => openModels({ ...common, providers: [provider], limits: { silenceMsMax: 0 } }), {
    code: "invalid_input",
  });
});

test("openModels() describes its providers without their keys", async () => {
  const models = openModels({
    clock: createFakeClock(0),
    logger: silentLogger,
    providers: [
      {
        kind: "openai-compatible",
        id: "a",
        baseUrl: "http://me:secret@127.0.0.1:1/v1?k=secret",
        apiKey: "secret",
        model: "m",
      },
    ],
  });
  const description = await models.describe();
  assert.ok(!JSON.stringify(description).includes("secret"));
  assert.equal(description.isRehearsal, false);
  assert.equal(description.providers[0]?.url, "http://127.0.0.1:1/v1");
});
