import assert from "node:assert/strict";
import { test } from "node:test";
import { slugPattern } from "../found/slug-of.ts";
import { convertModels } from "./convert-models.ts";

test("convertModels() gives each model an id of its own, and takes no address that holds a password", () => {
  const long = "meta-llama/llama-3.3-70b-instruct";
  const models = [long, `${long}:free`, "a.b", "a-b", "a:b", "模型"].map((id) => ({ id }));
  const { models: moved, left } = convertModels({
    models: {
      providers: {
        openrouter: { baseUrl: "https://openrouter.example/api/v1", models },
        own: { baseUrl: "https://eva:hunter2@llm.example/v1", models: [{ id: "m" }] },
      },
    },
  });
  const ids = moved.map(({ id }) => String(id));
  assert.equal(new Set(ids).size, models.length);
  assert.equal(ids[2], "openrouter-a-b");
  for (const id of ids) assert.match(id, slugPattern);
  assert.equal(left.length, 1);
  assert.match(left[0]!, /^models\.providers\.own: its key stays there/);
  assert.ok(!JSON.stringify([moved, left]).includes("hunter2"));
});
