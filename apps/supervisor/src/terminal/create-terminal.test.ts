import assert from "node:assert/strict";
import { test } from "node:test";
import { createTerminal } from "./create-terminal.ts";

function record(isTerminal: boolean, columns = 80) {
  let text = "";
  const write = (piece: string) => void (text += piece);
  const terminal = createTerminal({ write, isTerminal, hasColor: false, columns: () => columns, command: "/r/roost" });
  return { terminal, text: () => text };
}

test("createTerminal() writes over what goes on, on a terminal", () => {
  const { terminal, text } = record(true);
  terminal.going("starting");
  terminal.going("still");
  terminal.done("started");
  terminal.problem("stumbled");
  assert.equal(text(), "… starting\r\x1b[K… still\r\x1b[K✓ started\n! stumbled\n");
});

test("createTerminal() writes plain lines elsewhere", () => {
  const { terminal, text } = record(false);
  terminal.going("starting");
  terminal.done("started");
  assert.equal(text(), "… starting\n✓ started\n");
  assert.equal(terminal.strong("x"), "x");
});

test("createTerminal() leaves a long address whole, painted or not", () => {
  const { terminal, text } = record(false, 24);
  const link = "http://127.0.0.1:7718/#sign-in=179598.abcdef";
  terminal.text(`  ${link}\n  \u001B[1m${link}\u001B[0m`);
  assert.equal(text(), `  ${link}\n  \u001B[1m${link}\u001B[0m\n`);
});

test("createTerminal() breaks lines at words, and names commands as they can be pasted", () => {
  const { terminal, text } = record(false, 24);
  terminal.problem("two words are too long, see roost ps");
  assert.equal(text(), "! two words are too\nlong, see /r/roost ps\n");
});
