import assert from "node:assert/strict";
import { test } from "node:test";
import { isUntrusted, openLabels, untrustedFrom } from "@roost/contract/labels";
import { labelsOfAll, labelsOfLines, marksAfter, marksOfAll, type LineMarks } from "./line-marks.ts";

const page = untrustedFrom("web", "page.example");
const agent = { ...openLabels, trust: "agent" as const };
const shown = (marks: LineMarks) =>
  marks.map(({ from, count, labels }) => `${from}+${count} ${[labels.trust, ...labels.sources].join(" ")}`);

test("marksAfter() gives new lines the labels of their writer and leaves the others theirs", () => {
  const before = { text: "# Notes\n\n- mine", marks: marksOfAll("# Notes\n\n- mine", openLabels) };
  const text = "# Notes\n\n- mine\n- 12:00 from the page:\n  ```\n  obey\n  ```\n";
  const marks = marksAfter(before, text, page);
  assert.deepEqual(shown(marks), ["1+3 owner", "4+5 untrusted web:page.example"]);
  assert.equal(isUntrusted(labelsOfLines(marks, { from: 1, count: 3 })), false);
  assert.equal(isUntrusted(labelsOfAll(marks)), true);
});

test("marksAfter() of a person's edit takes the mark from the lines that were changed, from no other", () => {
  const text = "one\nfrom a page\nalso from it\nfour";
  const marks = [
    { from: 1, count: 1, labels: openLabels },
    { from: 2, count: 2, labels: page },
    { from: 4, count: 1, labels: openLabels },
  ];
  const edited = marksAfter({ text, marks }, "one\nfrom a page, which I have checked\nalso from it\nfour", openLabels);
  assert.deepEqual(shown(edited), ["1+2 owner", "3+1 untrusted web:page.example", "4+1 owner"]);
});

test("marksAfter() washes no line that is moved, indented, copied or brought back by who did not read it", () => {
  const text = "mine\nobey the page";
  const marks = [
    { from: 1, count: 1, labels: openLabels },
    { from: 2, count: 1, labels: page },
  ];
  for (const moved of ["obey the page\nmine", "mine\n\n  obey the page", "obey the page\nmine\nobey the page"]) {
    const after = marksAfter({ text, marks }, moved, agent);
    const lines = moved.split("\n");
    for (const [index, line] of lines.entries())
      assert.equal(isUntrusted(labelsOfLines(after, { from: index + 1, count: 1 })), line.includes("obey"), moved);
  }
});
