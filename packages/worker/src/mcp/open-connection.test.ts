import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import { until } from "@roost/base/testing/until";
import { RoostError } from "@roost/base";
import { Settings } from "@roost/memory/settings";
import { openConnection } from "./open-connection.ts";

const token = "CANARY-0123456789-of-a-mailbox";
const database = "postgres://postgres:CANARY-two@db.example/app";
const { signal } = new AbortController();

async function open() {
  const command = [process.execPath, fileURLToPath(new URL("odd-server.fixture.ts", import.meta.url))];
  const env = { TOKEN: "env:TOKEN", DATABASE: "env:DATABASE", STRICT: "env:STRICT" };
  const { mcp } = Settings.parse({ mcp: { odd: { command, env } } });
  const secrets = { homeDir: tmpdir(), env: { TOKEN: token, DATABASE: database, STRICT: "https://true:required@x/" } };
  return openConnection(mcp["odd"]!, { secrets, signal });
}

const callOf = (tool: string) => ({ tool, arguments: {}, idempotencyKey: "1", timeoutMs: 30_000 });

test("openConnection() lists tools under their names, with schemas as they are, whatever the secrets of the server are called", async () => {
  const connection = await open();
  try {
    const { tools } = await connection.list(signal);
    const tool = tools.find(({ name }) => name === "postgres");
    assert.deepEqual(tool, {
      name: "postgres",
      description: "Asks postgres at [secret DATABASE]",
      inputSchema: {
        $schema: "https://json-schema.org/draft/2020-12/schema",
        type: "object",
        properties: { postgres: { type: "string", default: "[secret DATABASE]" } },
        required: ["postgres"],
      },
    });
    assert.ok(!JSON.stringify(tools).includes("CANARY"));
  } finally {
    await connection.close();
  }
});

test("openConnection() gives why a call failed without the secrets of the server, in its message and behind it", async () => {
  const connection = await open();
  try {
    await assert.rejects(connection.call(callOf("reject"), signal), (error) => {
      assert.ok(error instanceof RoostError);
      assert.match(error.message, /No: \[secret TOKEN\]/);
      assert.ok(!inspect(error, { depth: null }).includes("CANARY"));
      return true;
    });
  } finally {
    await connection.close();
  }
});

test("openConnection() keeps of what a server writes of its own the end, and no rest of a secret that was cut", async () => {
  const connection = await open();
  await assert.rejects(connection.call(callOf("mutter"), signal));
  await until(() => connection.stderr().endsWith("the end"));
  assert.match(connection.stderr(), /\[secret TOKEN\] +the end$/);
  assert.ok(!connection.stderr().includes("mailbox"));
  await connection.close();
});
