import assert from "node:assert/strict";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createFakeClock, silentLogger } from "@roost/base";
import { hashToken, openRecordedToken, openToken } from "./open-token.ts";

test("openToken() follows its file: another token shuts out the one before, none shuts out everybody", async () => {
  const homeDir = await mkdtemp(join(tmpdir(), "roost-token-"));
  await using _home = { [Symbol.asyncDispose]: () => rm(homeDir, { recursive: true, force: true }) };
  await assert.rejects(openToken(homeDir, { clock: createFakeClock(0), logger: silentLogger }), {
    code: "unauthenticated",
  });
  await mkdir(join(homeDir, ".roost"));
  const path = join(homeDir, ".roost/token");
  await writeFile(path, "first-first-first\n");
  const clock = createFakeClock(0);
  const token = await openToken(homeDir, { clock, logger: silentLogger });
  assert.deepEqual(await token.hash(), hashToken("first-first-first"));
  await writeFile(`${path}.new`, "other-other-other\n");
  await rename(`${path}.new`, path);
  clock.advance(1_000);
  assert.deepEqual(await token.hash(), hashToken("other-other-other"));
  await rm(path);
  clock.advance(1_000);
  assert.equal(await token.hash(), undefined);
  await writeFile(path, "third-third-third\n");
  clock.advance(1_000);
  assert.deepEqual(await token.hash(), hashToken("third-third-third"));
});

test("openRecordedToken() knows the token for two seconds in which the database does not answer", async () => {
  const clock = createFakeClock(0);
  const fingerprint = hashToken("first-first-first");
  let reading: Promise<{ fingerprint: string }[]> = Promise.resolve([{ fingerprint: fingerprint.toString("hex") }]);
  const query = async <Row>() => (await reading) as Row[];
  const token = openRecordedToken({ database: { query }, clock, logger: silentLogger });
  assert.deepEqual(await token.fingerprint(), fingerprint);
  const lost = Promise.withResolvers<never>();
  reading = lost.promise;
  clock.advance(1_001);
  assert.deepEqual(await token.fingerprint(), fingerprint, "while it is read again");
  lost.reject(new Error("the database is gone"));
  await assert.rejects(lost.promise);
  clock.advance(900);
  assert.deepEqual(await token.fingerprint(), fingerprint, "after it could not be read again");
  clock.advance(1_000);
  await assert.rejects(token.fingerprint(), /the database is gone/);
});
