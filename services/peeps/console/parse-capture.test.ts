import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCapture } from "./parse-capture.ts";

test("parseCapture() takes the name, ways to reach them, and what is left as a note", () => {
  const cases = [
    ["Ida Berg: moves to Malmö in May", { name: "Ida Berg", note: "moves to Malmö in May", handles: [] }],
    ["Ida Berg", { name: "Ida Berg", note: "", handles: [] }],
    [
      "Ida Berg, ida@berg.example",
      { name: "Ida Berg", note: "", handles: [{ kind: "email", value: "ida@berg.example" }] },
    ],
    [
      "Ida\n+46 70 123 45 67 from 18:00 on",
      { name: "Ida", note: "+46 70 123 45 67 from 18:00 on", handles: [{ kind: "phone", value: "+46 70 123 45 67" }] },
    ],
    ["Ida: +46 701234567", { name: "Ida", note: "", handles: [{ kind: "phone", value: "+46 701234567" }] }],
    ["  ", { name: "", note: "", handles: [] }],
  ] as const;
  for (const [text, expected] of cases) assert.deepEqual(parseCapture(text), expected);
});
