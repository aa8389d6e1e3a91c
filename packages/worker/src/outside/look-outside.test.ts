import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startScriptedImap } from "@roost/sources/scripted-imap";
import { assertQuiet, assertRead, beat, mailOf, openLookingHome } from "../testing/run-beat.ts";

test("heartbeat: what a look found is told once, wherever its worker is killed, and a source that fails is no model call", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "look-"));
  t.after(() => rmSync(directory, { recursive: true }));
  await using imap = await startScriptedImap();
  await using home = await openLookingHome({ directory }, { imap: `imap://eva@127.0.0.1:${imap.login.port}` }, "work");
  const { requests } = await beat(home);
  assert.equal(requests.length, 1, "the first heartbeat");
  assertQuiet(await beat(home));
  for (const [number, dieIn] of ["look", "read_outside"].entries()) {
    imap.add(mailOf(String(number), "The boat"));
    const one = await beat(home, { dieIn });
    assertRead(one, "mail:work");
    const told = [...JSON.stringify(one.requests).matchAll(/- mail:work\/(\d+),/g)].map(([, name]) => name);
    assert.deepEqual([...new Set(told)], [String(number + 1)], dieIn);
    assertQuiet(await beat(home));
  }
  const searches = imap.commands.filter((command) => command.startsWith("UID SEARCH"));
  assert.equal(new Set(searches).size, 3, "the look that was repeated began where the one before it had ended");

  imap.answer = (command) => (command.startsWith("LOGIN") ? "TAG NO [AUTHENTICATIONFAILED] no\r\n" : undefined);
  assertQuiet(await beat(home));
  imap.answer = () => undefined;
  assertQuiet(await beat(home));
});
