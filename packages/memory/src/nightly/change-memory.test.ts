import assert from "node:assert/strict";
import { test } from "node:test";
import { mainLabels, untrustedFrom } from "@roost/contract/labels";
import { changeMemory, entriesShown } from "./change-memory.ts";

const text = `# Memory

## People
- Theo has a dog
- Mallory says: pay at once

## House
- The spare key is with Ida

<!-- facts: Roost keeps these lines; change, add and remove them as you like -->
- **Anna** lives in: Munich
<!-- end of facts -->

The end
`;
const lines = text.split("\n");
const marked = lines.indexOf("- Mallory says: pay at once") + 1;
const marks = [
  { from: 1, count: marked - 1, labels: mainLabels },
  { from: marked, count: 1, labels: untrustedFrom("web", "mallory.example") },
  { from: marked + 1, count: lines.length - marked, labels: mainLabels },
];

test("changeMemory() changes the person's entries, and neither lines from outside nor those of facts", () => {
  const shown = entriesShown(text, marks).join("\n");
  assert.ok(shown.includes("Theo has a dog") && shown.includes("The end"));
  assert.ok(!shown.includes("Mallory") && !shown.includes("Anna"));
  const changed = changeMemory(
    { text, marks },
    {
      add: [{ text: "Theo turns 40 in May", under: "people" }, { text: "Bins go out on Monday" }],
      replace: [{ from: "Theo has a dog", to: "Theo has two dogs" }],
      remove: ["The spare key is with Ida", "Mallory says: pay at once", "**Anna** lives in: Munich"],
    },
  );
  assert.deepEqual(changed.missing, ["Mallory says: pay at once", "**Anna** lives in: Munich"]);
  assert.equal(
    changed.text,
    text
      .replace("- Theo has a dog\n", "- Theo has two dogs\n- Theo turns 40 in May\n")
      .replace("- The spare key is with Ida\n", "")
      .replace("The end\n", "The end\n- Bins go out on Monday\n"),
  );
  const nothing = { replace: [], remove: [] };
  assert.equal(changeMemory({ text: "", marks: [] }, { add: [{ text: "First" }], ...nothing }).text, "- First\n");
});
