import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { silentLogger } from "@roost/base";
import { readJoinedHome, type JoinedHome } from "@roost/memory/joined-home";
import { openLogins } from "./open-logins.ts";

test("openLogins() keeps what the home gave where this machine lacks the certificate that it takes now", async (t) => {
  const homeDirectory = await mkdtemp(join(tmpdir(), "roost-host-"));
  t.after(() => rm(homeDirectory, { recursive: true, force: true }));
  const clientFiles = { sslcert: join(homeDirectory, "home.crt"), sslkey: join(homeDirectory, "home.key") };
  const given = "postgres://roost_box:new@127.0.0.1:9/roost?sslmode=verify-full";
  const answer = {
    needs: {
      homeId: "00000000-0000-4000-8000-000000000000",
      servers: ["127.0.0.1:9"],
      secrets: [],
      tls: { isVerified: true, authority: null, clientFiles },
    },
    logins: [{ of: "schedulers", url: given }],
  };
  const gateway = createServer((_request, response) =>
    response.setHeader("content-type", "application/json").end(JSON.stringify(answer)),
  ).listen(0, "127.0.0.1");
  t.after(() => gateway.close());
  await once(gateway, "listening");
  const database = "file:.roost/database-url";
  const joined: JoinedHome = {
    name: "box",
    url: `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`,
    scopes: ["schedulers:run"],
    runs: { homeId: answer.needs.homeId, schedulers: { database }, services: [] },
  };
  await mkdir(join(homeDirectory, ".roost"));
  await writeFile(join(homeDirectory, ".roost/token"), "a token\n");
  await writeFile(join(homeDirectory, ".roost/database-url"), "postgres://roost_box:old@127.0.0.1:9/roost\n");
  const options = {
    config: { homeDirectory, environment: {}, databaseUrl: undefined },
    terminal: { done: () => {} },
    logger: silentLogger,
  };
  const start = () => openLogins(structuredClone(joined), options);
  await assert.rejects(start(), {
    code: "invalid_input",
    message: `${clientFiles.sslcert}, with which this machine proves itself to the home's database, cannot be read here: put the certificate and the key of this machine there, and start it again`,
  });
  const kept = await readFile(join(homeDirectory, ".roost/database-url"), "utf8");
  assert.match(kept, /roost_box:new@127\.0\.0\.1:9\/roost\?/);
  assert.equal(new URL(kept.trim()).searchParams.get("sslcert"), clientFiles.sslcert);
  assert.deepEqual((await readJoinedHome(homeDirectory))?.runs?.clientFiles, clientFiles);
  for (const file of Object.values(clientFiles)) await writeFile(file, "PEM\n");
  await start();
});
