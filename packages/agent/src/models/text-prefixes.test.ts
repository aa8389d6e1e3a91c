import assert from "node:assert/strict";
import { test } from "node:test";
import { prefixesOf } from "./text-prefixes.ts";

test("prefixesOf() knows models by their names, on whatever server", () => {
  const passages = "Represent this sentence for searching relevant passages: ";
  const expected: Record<string, [question: string, line: string]> = {
    "intfloat/multilingual-e5-small": ["query: ", "passage: "],
    "e5-base-v2": ["query: ", "passage: "],
    "multilingual-e5-large-instruct": ["", ""],
    "nomic-embed-text:latest": ["search_query: ", "search_document: "],
    "text-embedding-nomic-embed-text-v1.5": ["search_query: ", "search_document: "],
    "BAAI/bge-small-en-v1.5": [passages, ""],
    "bge-m3": ["", ""],
    "bge-large-zh-v1.5": ["", ""],
    "mxbai-embed-large": [passages, ""],
    "snowflake-arctic-embed:110m": [passages, ""],
    "snowflake-arctic-embed2": ["", ""],
    "text-embedding-3-small": ["", ""],
  };
  for (const [model, [question, line]] of Object.entries(expected))
    assert.deepEqual(prefixesOf(model), { question, line }, model);
});
