import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readCliConfig } from "./config.ts";
import { connect } from "./connect.ts";

async function openHome(owner: object | undefined) {
  const homeDir = await mkdtemp(join(tmpdir(), "roost-connect-"));
  await mkdir(join(homeDir, ".roost"));
  const write = (name: string, value: unknown) =>
    writeFile(join(homeDir, ".roost", name), typeof value === "string" ? value : JSON.stringify(value));
  await write("token", "a-token");
  if (owner !== undefined) await write("owner.json", owner);
  const config = readCliConfig({ ROOST_HOME: homeDir });
  return { write, config, [Symbol.asyncDispose]: () => rm(homeDir, { recursive: true }) };
}

test("connect() waits for a home that is starting, and for a gateway that is started anew at another port", async () => {
  await using home = await openHome({ pid: process.pid, state: "starting" });
  const asked: string[] = [];
  const fetch = async (input: string | URL | Request) => {
    asked.push(new URL(String(input)).port);
    if (asked.length > 1) return new Response(JSON.stringify({}), { headers: { "content-type": "application/json" } });
    await home.write("gateway.json", { url: "http://127.0.0.1:2" });
    throw new TypeError("fetch failed", { cause: Object.assign(new Error("refused"), { code: "ECONNREFUSED" }) });
  };
  const connecting = connect(home.config, { fetch });
  await home.write("gateway.json", { url: "http://127.0.0.1:1" });
  const { client, url } = await connecting;
  assert.equal(url, "http://127.0.0.1:1");
  await client.getStatus({}).catch(() => undefined);
  assert.deepEqual(asked, ["1", "2"]);
});

test("connect() says at once that a home is not running, or is stopping", async () => {
  for (const owner of [undefined, { pid: process.pid, state: "stopping" }, { pid: 2 ** 22 + 1, state: "running" }]) {
    await using home = await openHome(owner);
    await assert.rejects(connect(home.config), { code: "unavailable", message: /is not running for the home/ });
  }
});
