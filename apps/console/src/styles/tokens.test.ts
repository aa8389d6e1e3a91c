import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

/** WCAG 2.2: relative luminance and contrast of sRGB colours. */
function luminance(hex: string): number {
  const parts = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255);
  const [red = 0, green = 0, blue = 0] = parts.map((part) =>
    part <= 0.040_45 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4,
  );
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

/** Text on the grounds that it stands on: 4.5. What is told apart by shape as well: 3. */
const pairs: [string, string[], number][] = [
  ["text", ["bg", "surface", "raised", "hover", "selected", "wait-soft", "bad-soft", "odd-soft"], 7],
  ["text-2", ["bg", "surface", "raised", "hover", "selected", "wait-soft", "bad-soft", "odd-soft"], 4.5],
  ["text-3", ["bg", "surface", "raised", "hover", "selected", "sunken"], 4.5],
  ["accent", ["bg", "surface", "raised", "hover", "selected", "accent-soft", "sunken"], 4.5],
  ["on-accent", ["accent-fill"], 4.5],
  ["wait", ["surface", "hover", "wait-soft", "raised"], 4.5],
  ["bad", ["surface", "hover", "bad-soft", "raised"], 4.5],
  ["odd", ["surface", "hover", "odd-soft", "raised", "sunken"], 4.5],
  ["focus", ["bg", "surface", "raised"], 3],
  ["line-strong", ["bg", "surface"], 3],
  ["k-model", ["surface"], 3],
  ["k-tool", ["surface"], 3],
  ["k-context", ["surface"], 3],
  ["k-child", ["surface"], 3],
  ["k-wait", ["surface"], 3],
];

test("the colours of both themes have the contrast that their use asks for", async () => {
  const text = await readFile(new URL("tokens.css", import.meta.url), "utf8");
  const tokens = new Map(
    [...text.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)].map(([, name = "", ...both]) => [
      name,
      both,
    ]),
  );
  const weak = pairs.flatMap(([name, grounds, least]) =>
    grounds.flatMap((ground) =>
      ["light", "dark"].flatMap((scheme, index) => {
        const found = contrast(tokens.get(name)?.[index] ?? "", tokens.get(ground)?.[index] ?? "");
        return found >= least ? [] : [`${name} on ${ground}, ${scheme}: ${found.toFixed(2)} of ${least}`];
      }),
    ),
  );
  assert.deepEqual(weak, []);
});
