import assert from "node:assert/strict";
import { test } from "node:test";
import { readArguments } from "./read-arguments.ts";

test("readArguments() starts in the foreground when told nothing", () => {
  assert.deepEqual(readArguments([]), { command: "up", isDetached: false, stopWith: [] });
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
