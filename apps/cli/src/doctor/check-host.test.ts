import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { keepHostLogins, writeJoinedHome } from "@roost/memory/joined-home";
import { checkHost } from "./check-host.ts";

test("checkHost() names the secrets that a joined host lacks, as a warning where a gateway starts without them", async (t) => {
  const homeDir = await mkdtemp(join(tmpdir(), "roost-host-"));
  t.after(() => rm(homeDir, { recursive: true, force: true }));
  assert.deepEqual(await checkHost(homeDir, {}), []);
  const needs = {
    homeId: "00000000-0000-4000-8000-000000000000",
    servers: ["127.0.0.1:9"],
    objects: "s3://roost/home",
    secrets: ["env:HERE", "env:MISSING"],
    tls: null,
  };
  const joinWith = async (...scopes: string[]) => {
    const runs = await keepHostLogins(homeDir, { scopes, needs, logins: [], clientFiles: undefined });
    await writeJoinedHome(homeDir, { name: "box", url: "http://127.0.0.1:9", scopes, runs });
    return (await checkHost(homeDir, { HERE: "x" })).map(({ name, state }) => [name, state]);
  };
  const here = ["secret env:HERE", "good"];
  assert.deepEqual(await joinWith("gateways:run"), [here, ["secret env:MISSING", "warn"]]);
  assert.deepEqual(await joinWith("workers:run"), [here, ["secret env:MISSING", "bad"]]);
});
