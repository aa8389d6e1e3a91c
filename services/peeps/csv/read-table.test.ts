import assert from "node:assert/strict";
import { test } from "node:test";
import { RoostError } from "@roost/base";
import { readTable, tableLimits } from "./read-table.ts";

function cells(text: string | Uint8Array): (string | undefined)[][] {
  const { columns, rows } = readTable(typeof text === "string" ? Buffer.from(text) : text);
  return rows.map((row) => columns.map((column) => row.get(column)));
}

test("readTable() reads commas, semicolons and tabs, any line ending, and cells of several lines", () => {
  for (const separator of [",", ";", "\t"])
    for (const end of ["\n", "\r\n", "\r"])
      assert.deepEqual(cells(["a,b", '1,"x, y', 'z"', "2,"].join(end).replaceAll(",", separator)), [
        ["1", `x${separator} y${end}z`],
        ["2", undefined],
      ]);
});

test("readTable() reads UTF-8 with a mark, UTF-16 and Windows-1252", () => {
  assert.deepEqual(cells("\ufeffname\nZoë"), [["Zoë"]]);
  assert.deepEqual(cells(Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from("name\nZoë", "utf16le")])), [["Zoë"]]);
  assert.deepEqual(cells(Buffer.from("name\nZoë", "latin1")), [["Zoë"]]);
});

test("readTable() names the line of a row with more values than columns, and reads the others", () => {
  const { rows, faults } = readTable(Buffer.from('a,b\n1,"2\n3"\n4,5,6\n7,8\n'));
  assert.deepEqual(
    rows.map(({ line }) => line),
    [2, 5],
  );
  assert.deepEqual(faults, [{ line: 4, reason: "has 3 values for 2 columns" }]);
});

test("readTable() says where a quote never closes", () => {
  const { rows, faults } = readTable(Buffer.from('a,b\n1,2\n"torn,3\n4,5\n'));
  assert.equal(rows.length, 1);
  assert.match(faults[0]?.reason ?? "", /ends within a quote: what stands after it was not read/);
});

test("readTable() keeps two columns of one name apart", () => {
  assert.deepEqual(readTable(Buffer.from("a,a,b\n1,2,3\n")).columns, ["a", "a 2", "b"]);
  assert.deepEqual(cells("a,a,b\n1,2,3\n"), [["1", "2", "3"]]);
});

test("readTable() refuses a file past its limits", () => {
  assert.throws(() => readTable(Buffer.from(",".repeat(300_000))), { message: /300001 columns \(limit 2000\)/ });
  const isTooLarge = (error: unknown) => error instanceof RoostError && error.code === "limit_exceeded";
  assert.throws(() => readTable(new Uint8Array(tableLimits.bytesMax + 1)), isTooLarge);
});
