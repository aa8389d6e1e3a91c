import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readCliConfig } from "./config.ts";
import { connect } from "./connect.ts";

const refusing = (code: string) => new TypeError("fetch failed", { cause: Object.assign(new Error(code), { code }) });

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
    throw refusing("ECONNREFUSED");
  };
  const connecting = connect(home.config, { fetch });
  await home.write("gateway.json", { url: "http://127.0.0.1:1" });
  const { client, url } = await connecting;
  assert.equal(url, "http://127.0.0.1:1");
  await client.getStatus({}).catch(() => undefined);
  assert.deepEqual(asked, ["1", "2"]);
});

test("connect() sends nothing again whose answer was lost", async () => {
  await using home = await openHome({ pid: process.pid, state: "running" });
  await home.write("gateway.json", { url: "http://127.0.0.1:1" });
  for (const code of ["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"]) {
    let sent = 0;
    const fetch = async () => {
      sent += 1;
      if (sent === 1) throw refusing(code);
      return new Response(JSON.stringify({}), { headers: { "content-type": "application/json" } });
    };
    const { client } = await connect(home.config, { fetch });
    await assert.rejects(client.resetSession({ sessionKey: "cli:1" }), { code: "unavailable" });
    assert.equal(sent, 1, code);
  }
});

test("connect() says at once that a home is not running, or is stopping", async () => {
  for (const owner of [undefined, { pid: process.pid, state: "stopping" }, { pid: 2 ** 22 + 1, state: "running" }]) {
    await using home = await openHome(owner);
    await assert.rejects(connect(home.config), { code: "unavailable", message: /is not running for the home/ });
  }
});

test("connect() says after ten seconds that a gateway does not start, where another would say that nothing runs", async () => {
  await using home = await openHome({ pid: process.pid, state: "starting" });
  let nowMs = 0;
  const clock = { nowMs: () => (nowMs += 4000) };
  await assert.rejects(connect(home.config, { clock }), {
    code: "unavailable",
    message: /not answered for 10 s: roost doctor/,
  });
});
