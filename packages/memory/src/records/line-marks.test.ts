import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { isUntrusted, openLabels, untrustedFrom } from "@roost/contract/labels";
import {
  labelsOfAll,
  labelsOfLines,
  linesOf,
  marksAfter,
  marksOfAll,
  marksTrusted,
  type LineMarks,
} from "./line-marks.ts";

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

/** A line and who wrote it as it stands; `id` tells it from all others. */
interface Line {
  id: number;
  by: "person" | "page";
  text: string;
}

interface Edit {
  /** Who saves the file: a person, a run that has read a page, or one that has read nothing. */
  by: "person" | "page" | "agent";
  what: "append" | "insert" | "remove" | "move" | "copy" | "indent" | "rewrite" | "blank";
  at: number;
  to: number;
}

function applyEdit(lines: readonly Line[], { by, what, at, to }: Edit, id: number): Line[] {
  const writer = by === "page" ? "page" : "person";
  const fresh: Line = { id, by: writer, text: `line ${id} of the ${by}` };
  const from = lines.length === 0 ? 0 : at % lines.length;
  const into = lines.length === 0 ? 0 : to % lines.length;
  const line = lines[from];
  if (what === "append" || line === undefined) return [...lines, fresh];
  switch (what) {
    case "insert":
      return lines.toSpliced(from, 0, fresh);
    case "remove":
      return lines.toSpliced(from, 1);
    case "move":
      return lines.toSpliced(from, 1).toSpliced(into, 0, line);
    case "copy":
      return lines.toSpliced(into, 0, line);
    case "indent":
      return lines.with(from, { ...line, text: `  ${line.text}` });
    case "rewrite":
      return lines.with(from, { id, by: writer, text: `${line.text.trim()} and ${id}` });
    case "blank":
      return lines.toSpliced(from, 0, { id, by: "person", text: "  " });
  }
}

const edits = fc.array(
  fc.record<Edit>({
    by: fc.constantFrom("person", "page", "agent"),
    what: fc.constantFrom("append", "insert", "remove", "move", "copy", "indent", "rewrite", "blank"),
    at: fc.nat(50),
    to: fc.nat(50),
  }),
  { maxLength: 40 },
);

test("marksAfter() after any edits: exactly the lines of a marked run that were not rewritten are marked", () => {
  fc.assert(
    fc.property(edits, (made) => {
      const labelsOf = { person: openLabels, agent, page };
      let lines: Line[] = [{ id: 0, by: "person", text: "the first line" }];
      let text = lines.map((line) => line.text).join("\n");
      let marks = marksOfAll(text, openLabels);
      for (const [index, edit] of made.entries()) {
        lines = applyEdit(lines, edit, index + 1);
        const after = lines.map((line) => line.text).join("\n");
        marks = marksAfter({ text, marks }, after, labelsOf[edit.by]);
        text = after;
        assert.equal(
          marks.reduce((sum, { count }) => sum + count, 0),
          linesOf(text).length,
        );
        for (const [at, line] of lines.entries()) {
          if (line.text.trim() === "") continue;
          const isMarked = isUntrusted(labelsOfLines(marks, { from: at + 1, count: 1 }));
          assert.equal(isMarked, line.by === "page", `${JSON.stringify(edit)} line ${at + 1}: ${line.text}`);
        }
      }
    }),
    { numRuns: 300 },
  );
});

test("marksTrusted() takes the mark from any range of lines, and leaves all others theirs", () => {
  const texts = fc.array(fc.boolean(), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(texts, fc.nat(14), fc.nat(14), (marked, from, count) => {
      const marks = marked.map((isMarked, index) => ({
        from: index + 1,
        count: 1,
        labels: isMarked ? page : openLabels,
      }));
      const after = marksTrusted(marks, { from: from + 1, count });
      assert.equal(
        after.reduce((sum, each) => sum + each.count, 0),
        marked.length,
      );
      for (const [index, isMarked] of marked.entries()) {
        const isIn = index >= from && index < from + count;
        const isLeft = isUntrusted(labelsOfLines(after, { from: index + 1, count: 1 }));
        assert.equal(isLeft, isMarked && !isIn, `line ${index + 1}`);
      }
    }),
  );
});
