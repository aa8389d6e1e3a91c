import assert from "node:assert/strict";
import { test } from "node:test";
import { checkNames, onlyModels, type KnownNames, type NamingDefinition } from "./known-names.ts";

const known: KnownNames = {
  agents: async () => ["main", "writer"],
  services: async () => ["peeps"],
  models: async () => onlyModels(["local", "qwen3:8b"]),
  queues: async () => ["default"],
};
const check = (definition: NamingDefinition, names = known) => checkNames('The job "x"', definition, names);

test("checkNames() refuses names that do not exist, with the nearest one", async () => {
  for (const [definition, message] of [
    [{ agent: "writr" }, 'names the agent "writr", which does not exist; did you mean writer?'],
    [{ agent: "nope" }, 'names the agent "nope", which does not exist; known: main, writer'],
    [
      { tools: ["read_file", "writefile"] },
      'names the tool "writefile", which does not exist; did you mean write_file?',
    ],
    [{ postconditions: [{ kind: "tool", name: "notfy" }] }, "did you mean notify?"],
    [{ model: "qwen3:9b" }, "did you mean qwen3:8b?"],
    [{ model: "gpt-99" }, 'names the model "gpt-99", which does not exist; known: local, qwen3:8b'],
    [{ queue: "defalt" }, "did you mean default?"],
    [{ services: ["peps"] }, "did you mean peeps?"],
    [{ model: "local", fallbacks: ["local", "locl"] }, "did you mean local?"],
  ] as const)
    await assert.rejects(check(definition as NamingDefinition), ({ message: told }: Error) => told.includes(message));
});

test("checkNames() accepts what there is, tools of services and new queues", async () => {
  await check({
    agent: "writer",
    tools: ["read_file", "peeps_list_people"],
    model: "local",
    queue: "gpu",
    services: ["peeps"],
  });
  await check({ agent: "main", model: "anything" }, { ...known, models: async () => undefined });
});
