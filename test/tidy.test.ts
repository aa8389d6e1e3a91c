/**
 * The checkable rules of how Roost is written, over every file of the project. Each rule is a file of test/tidy/rules,
 * each message says what to do instead; test/tidy/rules.test.ts shows that each can go red.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { mutants } from "./mutation/mutants.ts";
import { readRepository } from "./tidy/read-repository.ts";
import type { Complaint } from "./tidy/repository.ts";
import { applyRule, rules } from "./tidy/rules.ts";

const shownMax = 40;
const repository = readRepository(fileURLToPath(new URL("..", import.meta.url)));

for (const rule of rules) {
  test(rule.title, () => {
    const complaints = applyRule(rule, repository);
    assert.ok(complaints.length === 0, describe(complaints));
  });
}

test("mutants fit the code that they change", () => {
  const complaints = mutants.flatMap((mutant) =>
    mutant.edits.flatMap(({ file, find, count }): Complaint[] => {
      const found = (repository.find(file)?.text ?? "").split(find).length - 1;
      const message = `has this ${found} times, not ${count}; adapt the mutant "${mutant.name}" in test/mutation: ${find}`;
      return found === count ? [] : [{ path: file, message }];
    }),
  );
  assert.ok(complaints.length === 0, describe(complaints));
});

function describe(complaints: readonly Complaint[]): string {
  const shown = complaints
    .slice(0, shownMax)
    .map(({ path, line, message }) => `${path}${line === undefined ? "" : `:${line}`} ${message}`);
  const rest = complaints.length > shownMax ? [`and ${complaints.length - shownMax} more`] : [];
  return ["", ...shown, ...rest].join("\n");
}
