import assert from "node:assert/strict";
import { test } from "node:test";
import { createPaint } from "./create-paint.ts";
import { formatTable, type Column } from "./table.ts";
import { textWidth } from "@roost/base/text-width";

interface Row {
  title: string;
  state: string;
  why: string;
  id: string;
}

const columns: Column<Row>[] = [
  { title: "TITLE", value: (row) => row.title, widthMin: 14 },
  { title: "STATE", value: (row) => row.state, tone: () => "good" },
  { title: "WHY", value: (row) => row.why, widthMin: 12, importance: 2, label: "why" },
  { title: "NOTE", value: () => "x".repeat(60), widthMin: 50, importance: 3 },
  { title: "ID", value: (row) => row.id },
];
const rows: Row[] = [
  {
    title: "Blog writer with a long title 日本語のとても長いタイトル",
    state: "running",
    why: "a tick that was late",
    id: "a1b2c3d4",
  },
  { title: "Short", state: "waiting", why: "", id: "e5f6a7b8" },
];

for (const width of [40, 80, 120]) {
  test(`formatTable() keeps every line within ${width} columns and never cuts what may not be cut`, () => {
    for (const isColored of [false, true]) {
      const lines = formatTable(rows, columns, { columns: width, paint: createPaint(isColored) });
      for (const line of lines) assert.ok(textWidth(line) <= width, `${textWidth(line)}: ${line}`);
      const text = lines.join("\n");
      for (const kept of ["running", "waiting", "a1b2c3d4", "e5f6a7b8", "Short"]) assert.ok(text.includes(kept), kept);
    }
  });
}

test("formatTable() keeps an id whole that is wider than the screen", () => {
  const id = Array.from({ length: 30 }, (_, index) => `part${index}`).join("-");
  for (const shown of [columns, columns.toReversed()])
    for (const width of [30, 80]) {
      const lines = formatTable([{ title: "Short", state: "x", why: "y", id }], shown, {
        columns: width,
        paint: createPaint(false),
      });
      for (const line of lines) assert.ok(textWidth(line) <= width, line);
      assert.ok(
        lines
          .map((line) => line.trim())
          .join("")
          .includes(id),
        lines.join("\n"),
      );
    }
});

test("formatTable() drops the least important column first", () => {
  const [head = ""] = formatTable(rows, columns, { columns: 80, paint: createPaint(false) });
  assert.match(head, /TITLE.*STATE.*WHY.*ID/);
  assert.doesNotMatch(head, /NOTE/);
});

test("formatTable() writes a row as a heading and lines on a phone", () => {
  const [title, details] = formatTable(rows.slice(1), columns.slice(0, 3), { columns: 40, paint: createPaint(false) });
  assert.equal(title, "Short");
  assert.equal(details, "  waiting");
});

test("formatTable() lets no escape sequence and no line break of a value through", () => {
  const evil = { title: "a\u001b[2Jb\nc\u0007d\u009b31me", state: "x", why: "y", id: "z" };
  for (const width of [40, 80]) {
    const text = formatTable([evil], columns, { columns: width, paint: createPaint(false) }).join("\n");
    // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
    assert.doesNotMatch(text.replaceAll("\n", ""), /[\u0000-\u001f\u007f-\u009f]/);
  }
});
