import assert from "node:assert/strict";
import { test } from "node:test";
import { readArguments, writeFirstHome } from "./read-arguments.ts";

test("readArguments() starts in the foreground when told nothing", () => {
  assert.deepEqual(JSON.parse(JSON.stringify(readArguments([]))), {
    command: "up",
    isDetached: false,
    stopWith: [],
    first: {},
  });
});

test("readArguments() reads commands and options", () => {
  assert.equal(readArguments(["up", "-d"]).isDetached, true);
  assert.deepEqual(readArguments(["--stop-with=7", "--stop-with=8"]).stopWith, [7, 8]);
  assert.equal(readArguments(["down"]).command, "down");
  assert.equal(readArguments(["up", "--help"]).command, "help");
});

test("readArguments() refuses what it does not know and shows what it does", () => {
  for (const args of [["sideways"], ["up", "down"], ["--loud"]]) {
    assert.throws(() => readArguments(args), { code: "invalid_input", message: /Usage: roost up/ }, args.join(" "));
  }
});

test("readArguments() names an option that it does not know, without advice of others", () => {
  assert.throws(() => readArguments(["--loud"]), { message: /^Unknown option '--loud'\nUsage/ });
});

test("readArguments() takes what a new home is made from, refuses what it cannot be, and writeFirstHome() says it again", () => {
  const args = ["--name=Eva W.", "--agent-name=Kiwi", "--time-zone=Europe/Vienna", "--usd-per-day=0.50"];
  const { first } = readArguments(["up", ...args]);
  assert.deepEqual(first, {
    ...first,
    name: "Eva W.",
    agentName: "Kiwi",
    timeZone: "Europe/Vienna",
    usdPerDay: "0.50",
  });
  assert.deepEqual(writeFirstHome(first), args);
  assert.deepEqual(writeFirstHome(readArguments(["--example"]).first), ["--example"]);
  for (const bad of [
    "--name=a\nb",
    "--agent-name=",
    "--time-zone=Europe/Nowhere",
    "--time-zone=+02:00",
    "--usd-per-day=much",
  ])
    assert.throws(() => readArguments([bad]), { code: "invalid_input", message: new RegExp(bad.split("=")[0]!) }, bad);
});
