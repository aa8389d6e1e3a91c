import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { PeerRecord } from "@roost/contract/operations";
import { someTime } from "../testing/records.ts";
import { runRoost } from "../testing/run-roost.ts";
import { serveGateway } from "../testing/serve-gateway.ts";

const guest: PeerRecord = {
  id: "52",
  name: "ana",
  title: "Ana",
  kind: "user",
  standing: "refused",
  refusedCount: 3,
  changedBy: null,
  seenAt: someTime,
};

test("roost channels lists channels with who writes there, prints a code alone, and allows by name", async () => {
  const asked: unknown[] = [];
  const channel = {
    name: "telegram",
    account: "roost_bot",
    state: "running",
    reason: null,
    boundTo: null,
    seenAt: null,
  } as const;
  await using gateway = await serveGateway({
    listChannels: () => ({ items: [channel], next: null }),
    listPeers: () => ({ items: [guest], next: null }),
    createPairing: () => ({ code: "ABCD-EFGH", expiresAt: someTime, links: [] }),
    changePeer: (input) => {
      asked.push(input);
      return { peer: { ...guest, standing: "guest" } };
    },
  });
  const list = await runRoost(["channels"], gateway);
  assert.match(list.stdout, /^telegram is running as @roost_bot; no chat is yours: roost channels pair telegram\n/);
  assert.match(list.stdout, /@ana +Ana +52 +user +refused +3/);
  const code = await runRoost(["channels", "pair", "telegram"], gateway);
  assert.equal(code.stdout, "ABCD-EFGH\n");
  assert.match(code.stderr, /@roost_bot/);
  const allowed = await runRoost(["channels", "allow", "telegram", "@ana"], gateway);
  assert.equal(allowed.stdout, "@ana is a guest now\n");
  assert.deepEqual(asked, [{ channel: "telegram", peer: "@ana", standing: "guest" }]);
});

test("roost channels add keeps a token from the standard input in a file of its own, and takes no token as an argument", async () => {
  const homeDir = await mkdtemp(join(tmpdir(), "roost-channels-"));
  try {
    await writeFile(join(homeDir, "roost.yaml"), "# mine\ntimeZone: UTC\n");
    const environment = { ROOST_HOME: homeDir };
    const token = "123456789:AAbbCCddEEffGGhhIIjjKKll";
    const added = await runRoost(["channels", "add", "telegram"], { environment, input: `${token}\n` });
    assert.equal(added.code, 0, added.stderr);
    const path = join(homeDir, ".roost", "telegram-token");
    assert.equal(await readFile(path, "utf8"), `${token}\n`);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.match(
      await readFile(join(homeDir, "roost.yaml"), "utf8"),
      /^# mine\ntimeZone: UTC\nchannels:\n {2}telegram:\n {4}token: file:.roost\/telegram-token\n$/,
    );
    assert.ok(!`${added.stdout}${added.stderr}`.includes(token));
    const removed = await runRoost(["channels", "remove", "telegram"], { environment });
    assert.match(removed.stdout, /^telegram removed from .*roost\.yaml\n$/, removed.stderr);
    assert.equal(await readFile(join(homeDir, "roost.yaml"), "utf8"), "# mine\ntimeZone: UTC\n");
    await assert.rejects(stat(path), "its token is gone too");
    const again = await runRoost(["channels", "remove", "telegram"], { environment });
    assert.match(again.stdout, /^telegram is not in /);
    const wrong = await runRoost(["channels", "add", "telegram", "--token", token], { environment });
    assert.match(wrong.stderr, /is not the token/);
    const none = await runRoost(["channels", "add", "telegram"], { environment, input: "hello" });
    assert.match(none.stderr, /no bot's token/);
  } finally {
    await rm(homeDir, { recursive: true });
  }
});
