import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { readProcessIdentity } from "@roost/base";
import { guardCommand } from "./guard-command.ts";

for (const hasOwnGroup of [true, false])
  test(`guardCommand() ends its command, and no other process that has its number by then (${hasOwnGroup ? "a group" : "a tree"})`, async () => {
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000); console.log('at work')"], {
      stdio: ["ignore", "pipe", "ignore"],
      detached: hasOwnGroup,
    });
    const ended = once(child, "exit");
    await once(child.stdout, "data");
    const pid = child.pid!;
    const identity = readProcessIdentity(pid)!;
    const ofAnother = guardCommand({ pid, identity: identity.replace(/\d+$/, "1"), hasOwnGroup });
    ofAnother.endNow(0);
    await ofAnother.dismiss();
    assert.equal(readProcessIdentity(pid), identity);
    guardCommand({ pid, identity, hasOwnGroup }).endNow(0);
    assert.deepEqual(await ended, [null, "SIGTERM"]);
  });
