import assert from "node:assert/strict";
import { test } from "node:test";
import { noteUnreadable } from "./note-unreadable.ts";

test("noteUnreadable() names each row that a list lacks, by its id or its place", () => {
  const notes: string[] = [];
  const terminal = { note: (text: string) => void notes.push(text) };
  noteUnreadable(terminal, undefined);
  noteUnreadable(terminal, [
    { where: "items[3]", id: "bad", problem: "nextAt: Invalid ISO datetime" },
    { where: "due[0]", id: null, problem: "dueAt: Invalid ISO datetime" },
  ]);
  assert.deepEqual(notes, [
    "bad cannot be shown: nextAt: Invalid ISO datetime",
    "due[0] cannot be shown: dueAt: Invalid ISO datetime",
  ]);
});
