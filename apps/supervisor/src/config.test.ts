import assert from "node:assert/strict";
import { homedir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readSupervisorConfig } from "./config.ts";

test("readSupervisorConfig() has an answer for everything that is not set, or blank", () => {
  for (const environment of [{}, { ROOST_HOME: " ", ROOST_WORKERS: "", ROOST_LOG_LEVEL: "", DATABASE_URL: "" }]) {
    const config = readSupervisorConfig(environment);
    assert.equal(config.homeDirectory, join(homedir(), ".roost"));
    assert.equal(config.workerCount, 2);
    assert.equal(config.logLevel, "info");
    assert.equal(config.databaseUrl, undefined);
    assert.equal(config.isDetached, false);
  }
});

test("readSupervisorConfig() takes a leading ~ for the user's directory, and the port that is asked for", () => {
  const { homeDirectory, address } = readSupervisorConfig({ ROOST_HOME: "~/roost of mine", ROOST_PORT: "7800" });
  assert.deepEqual([homeDirectory, address], [join(homedir(), "roost of mine"), { host: "127.0.0.1", port: 7800 }]);
  assert.equal(readSupervisorConfig({ ROOST_HOME: "~" }).homeDirectory, homedir());
  for (const port of ["0", "nonsense", ""]) assert.equal(readSupervisorConfig({ ROOST_PORT: port }).address, undefined);
});

test("readSupervisorConfig() names every bad variable, and no password", () => {
  const environment = { ROOST_WORKERS: "many", ROOST_LOG_LEVEL: "loud", DATABASE_URL: "mysql://me:secret@host/db" };
  assert.throws(
    () => readSupervisorConfig(environment),
    (error: Error) => {
      assert.match(error.message, /ROOST_WORKERS is "many".*1 to 64; ROOST_LOG_LEVEL is "loud".*; DATABASE_URL/);
      assert.ok(!error.message.includes("secret"));
      return true;
    },
  );
});

test("readSupervisorConfig() respects NO_COLOR", () => {
  assert.equal(readSupervisorConfig({ TERM: "xterm" }).isColorWanted, true);
  assert.equal(readSupervisorConfig({ TERM: "xterm", NO_COLOR: "1" }).isColorWanted, false);
  assert.equal(readSupervisorConfig({ TERM: "dumb" }).isColorWanted, false);
});
