import assert from "node:assert/strict";
import { test } from "node:test";
import { isPlainLine } from "@roost/base";
import { assert as check, property, string } from "fast-check";
import { keyText, lineText, QueueName } from "./fields.ts";

const schemas = { lineText: lineText(200), keyText: keyText(200), QueueName };

test("Names, keys and queues take any line that looks like what it is, and refuse all hidden characters with the rule", () => {
  check(
    property(string({ unit: "binary", minLength: 1, maxLength: 50 }), (text) => {
      assert.equal(schemas.lineText.safeParse(text).success, isPlainLine(text), JSON.stringify(text));
      const isKey = isPlainLine(text) && text !== "." && text !== "..";
      assert.equal(schemas.keyText.safeParse(text).success, isKey, JSON.stringify(text));
      const isQueue = isKey && !text.includes(",") && !/^[\u0020\u00a0]|[\u0020\u00a0]$/.test(text);
      assert.equal(QueueName.safeParse(text).success, isQueue, JSON.stringify(text));
    }),
  );
  // Controls, separators of lines, and marks that turn the direction of text.
  const ranges = [
    [0x0, 0x1f],
    [0x7f, 0x9f],
    [0x2028, 0x2029],
    [0x202a, 0x202e],
    [0x2066, 0x2069],
  ] as const;
  for (const [from, to] of ranges)
    for (let code = from; code <= to; code += 1)
      for (const schema of Object.values(schemas)) {
        const { error } = schema.safeParse(`pay${String.fromCodePoint(code)}roll`);
        assert.match(
          error?.issues[0]?.message ?? "",
          /^must be one line without control characters/,
          code.toString(16),
        );
      }
  for (const name of ["Año nuevo", "日報", "تقرير", "דוח", "👩‍🚀", "a\u200db", "it's 5 %"])
    assert.ok(schemas.lineText.safeParse(name).success, name);
});
