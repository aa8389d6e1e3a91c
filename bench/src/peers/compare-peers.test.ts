import assert from "node:assert/strict";
import { test } from "node:test";
import { readCompareOptions } from "./compare-options.ts";
import { formatTable } from "./format-tables.ts";
import { medians } from "./measure-by-turns.ts";
import { peerVariants } from "./peer-variants.ts";

test("readCompareOptions() takes everything, or what is named", () => {
  assert.equal(readCompareOptions([]).comparisons.length, 6);
  const options = readCompareOptions(["--only", "roost,graphile", "--workload", "claim", "--quick"]);
  assert.deepEqual(options, { isQuick: true, only: ["roost", "graphile"], comparisons: ["claim"] });
  assert.throws(
    () => readCompareOptions(["--only", "oban"]),
    /there is no peer "oban": choose from roost, roost-single, /,
  );
});

test("medians() keeps the spread, and formatTable() tells why a figure is missing", () => {
  const figures = medians([{ perSecond: 30 }, { perSecond: 10 }, { perSecond: 20 }]);
  assert.deepEqual(figures, { perSecond: { median: 20, min: 10, max: 30 } });
  const [first, second, third] = peerVariants;
  const text = formatTable({
    title: "Jobs",
    explanation: "A second.",
    columns: [{ title: "1 at once", figure: "perSecond", unit: "perSecond" }],
    rows: [
      { variant: first!, cells: [{ figures }] },
      { variant: second!, cells: [{ notMeasured: "it did not start" }] },
      { variant: third!, cells: [undefined] },
    ],
    notes: [],
  });
  assert.match(text, /\| Roost, one run a transaction \| \*\*20\*\* \(10–30\) \|/);
  assert.match(text, /- Roost, its worker, 1 at once: not measured: it did not start/);
  assert.match(text, /\| \*Roost, claimed ahead\* \| – \|/);
});
