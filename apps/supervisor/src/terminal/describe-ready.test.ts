import assert from "node:assert/strict";
import { test } from "node:test";
import { describeReady, readyDocument } from "./describe-ready.ts";

const plain = { strong: (text: string) => text, faint: (text: string) => text };
const facts = { home: "/h", log: "/h/log", elapsedMs: 1234, isDetached: false };

test("describeReady() says where Roost is, what to do next, and which model answers", () => {
  const text = describeReady(
    {
      ...facts,
      gateway: {
        type: "ready",
        url: "http://127.0.0.1:7717",
        signInCode: "c0de",
        model: "ollama qwen3",
        notices: ["2 jobs are paused"],
      },
    },
    plain,
  );
  assert.match(text, /up at http:\/\/127\.0\.0\.1:7717 \(1s\)/);
  assert.match(text, /^  http:\/\/127\.0\.0\.1:7717\/#sign-in=c0de$/m);
  assert.match(text, /Model: ollama qwen3\n2 jobs are paused\n/);
  assert.match(text, /^  roost ask "/m);
  assert.match(text, /^  roost ps$/m);
  assert.match(text, /Stop: Ctrl-C/);
});

test("readyDocument() says the same to programs", () => {
  const gateway = { type: "ready", url: "http://127.0.0.1:7717", signInCode: "c0de", model: null } as const;
  assert.deepEqual(readyDocument({ ...facts, gateway }), {
    url: "http://127.0.0.1:7717",
    signInUrl: "http://127.0.0.1:7717/#sign-in=c0de",
    model: null,
    notices: [],
    home: "/h",
    log: "/h/log",
    pid: process.pid,
    elapsedMs: 1234,
  });
});

test("describeReady() says that Roost rehearses without a model, and how to change that", () => {
  const text = describeReady(
    { ...facts, isDetached: true, gateway: { type: "ready", url: "http://a", model: null } },
    plain,
  );
  assert.match(text, /No model: Roost rehearses.*nothing has an effect\. .*OPENROUTER_API_KEY.*ROOST_MODEL_URL/);
  assert.match(text, /Stop: roost down/);
});
