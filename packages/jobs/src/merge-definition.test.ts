import assert from "node:assert/strict";
import { test } from "node:test";
import type { JobDefinition } from "./job-row.ts";
import { mergeDefinition } from "./merge-definition.ts";

const definition = (fields: object) => fields as JobDefinition;
const rows: [title: string, base: object | undefined, here: object, there: object, merged: object, kept: string[]][] = [
  ["takes what changed there", { prompt: "a" }, { prompt: "a" }, { prompt: "b" }, { prompt: "b" }, []],
  ["keeps what changed here", { prompt: "a" }, { prompt: "b" }, { prompt: "a" }, { prompt: "b" }, []],
  [
    "keeps and names what changed on both sides",
    { prompt: "a" },
    { prompt: "b" },
    { prompt: "c" },
    { prompt: "b" },
    ["prompt"],
  ],
  ["names nothing when both changed alike", { prompt: "a" }, { prompt: "b" }, { prompt: "b" }, { prompt: "b" }, []],
  [
    "takes each field by itself",
    { prompt: "a", title: "a" },
    { prompt: "b", title: "a" },
    { prompt: "a", title: "c" },
    { prompt: "b", title: "c" },
    [],
  ],
  ["keeps a field that was taken away here", { model: "m" }, {}, { model: "m" }, {}, []],
  ["takes a field that is new there", {}, { prompt: "a" }, { model: "m" }, { prompt: "a", model: "m" }, []],
  [
    "keeps what is here when the base is unknown",
    undefined,
    { prompt: "b" },
    { prompt: "a" },
    { prompt: "b" },
    ["prompt"],
  ],
];

for (const [title, base, here, there, merged, kept] of rows) {
  test(`mergeDefinition() ${title}`, () => {
    const given = { base: base && definition(base), here: definition(here), there: definition(there) };
    assert.deepEqual(mergeDefinition(given), { definition: merged, kept });
  });
}
