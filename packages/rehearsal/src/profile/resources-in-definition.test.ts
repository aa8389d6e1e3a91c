import assert from "node:assert/strict";
import { test } from "node:test";
import type { JobDefinition } from "@roost/jobs";
import { resourcesInDefinition } from "./resources-in-definition.ts";

function found(prompt: string, session: JobDefinition["session"] = "main"): string[] {
  return resourcesInDefinition("blog", { prompt, session } as JobDefinition).map(({ kind, name }) => `${kind} ${name}`);
}

test("resourcesInDefinition() finds locks, states, subjects and files by the words of a prompt", () => {
  assert.deepEqual(found("Hold the lock backups while you copy. Then release the lock `publish:blog`."), [
    "lock backups",
    "lock publish:blog",
  ]);
  assert.deepEqual(found("Keep memory/mail-state.json fresh and the state social-checker too."), [
    "state mail",
    "state social-checker",
  ]);
  assert.deepEqual(found(`Reserve it in the scope "topics", write it to work/blog/draft.md.`), [
    "subject topics",
    "file work/blog/draft.md",
  ]);
});

test("resourcesInDefinition() takes no word for a name that is none, and gives a cron its own state", () => {
  assert.deepEqual(found("Lock the door. See what state it is in, and unlock it when you leave."), []);
  assert.deepEqual(found("Write.", "cron"), ["state blog"]);
});
