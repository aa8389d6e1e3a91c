import assert from "node:assert/strict";
import { test } from "node:test";
import type { ConfiguredModelRecord } from "@roost/contract/operations";
import { runRoost } from "../testing/run-roost.ts";
import { serveGateway } from "../testing/serve-gateway.ts";

const model: ConfiguredModelRecord = {
  id: "groq",
  kind: "openai-compatible",
  model: "llama",
  baseUrl: "https://api.groq.com/openai/v1",
  key: "file:.roost/model-groq-key",
  isApplied: false,
};

test("roost models lists, tries before it adds, removes, and starts anew with what was written", async () => {
  const asked: unknown[] = [];
  let state: "answers" | "fails" = "fails";
  await using gateway = await serveGateway({
    listModels: () => ({ items: [model], next: null }),
    tryModel: (input) => {
      asked.push(["try", input]);
      return {
        check: { id: "try", name: "llama", state, ms: 5, text: state === "fails" ? "HTTP 401: bad key" : "OK" },
      };
    },
    addModel: (input) => {
      asked.push(["add", input]);
      return { model };
    },
    removeModel: () => ({ model }),
    applySettings: () => ({ isRestarting: true }),
  });
  assert.match(
    (await runRoost(["models"], gateway)).stdout,
    /groq +llama +https:\/\/api\.groq\.com\S* +file:\S+ +from the next start on/,
  );
  const add = ["models", "add", "llama", "--url", "https://api.groq.com/openai/v1"];
  const refused = await runRoost([...add, "--key"], { ...gateway, input: "sk-secret\n" });
  assert.match(refused.stderr, /llama was not added: HTTP 401: bad key/);
  assert.notEqual(refused.code, 0);
  assert.equal(asked.length, 1, "nothing is added");
  state = "answers";
  const added = await runRoost([...add, "--key-ref", "env:GROQ", "--id", "groq", "--free"], gateway);
  assert.match(added.stdout, /Added groq/);
  assert.match(added.stderr, /roost models apply/);
  const given = { kind: "openai-compatible", model: "llama", baseUrl: model.baseUrl };
  assert.deepEqual(asked, [
    ["try", { ...given, isFree: false, key: "sk-secret" }],
    ["try", { ...given, isFree: true, keyRef: "env:GROQ" }],
    ["add", { ...given, isFree: true, keyRef: "env:GROQ", id: "groq" }],
  ]);
  assert.match((await runRoost(["models", "remove", "groq"], gateway)).stdout, /Removed groq/);
  assert.match((await runRoost(["models", "apply"], gateway)).stderr, /starts anew/);
});
