import assert from "node:assert/strict";
import { test } from "node:test";
import { createRedaction } from "./create-redaction.ts";

function cleaning(...values: string[]): (text: string) => string {
  const redaction = createRedaction();
  for (const value of values) redaction.add(value, { name: "KEY", written: value });
  return (text) => redaction.clean(text);
}

test("createRedaction() takes out an address with its password, and leaves its scheme, name, host and port", () => {
  const clean = cleaning("postgres://postgres:hunter%2Ftwo@db.example:5432/app");
  assert.equal(clean("at postgres://postgres:hunter%2Ftwo@db.example:5432/app"), "at [secret KEY]");
  assert.equal(clean("password hunter%2Ftwo, or hunter/two"), "password [secret KEY], or [secret KEY]");
  const plain = "a postgres of postgres at db.example:5432/app";
  assert.equal(clean(plain), plain);
  assert.equal(cleaning("https://ghp_0123456789@github.com/x")("ghp_0123456789"), "[secret KEY]");
  const several = cleaning("mongodb://ada:CANARY-1@a.example:27017,b.example:27017/x");
  assert.equal(several("mongodb, a.example, CANARY-1"), "mongodb, a.example, [secret KEY]");
});

test("createRedaction() leaves words that are too short or common to be secrets", () => {
  const texts = "https://json-schema.org is true in 1 of localhost:5432";
  assert.equal(cleaning("https://example.com/x", "true", "1", "https", "localhost:54321")(texts), texts);
});

test("createRedaction() takes out a token without its scheme, and a name and password each", () => {
  assert.equal(cleaning("Bearer s3cret")("Bearer of s3cret"), "Bearer of [secret KEY]");
  assert.equal(cleaning("sk_live_12345:pass-word-9")("sk_live_12345, pass-word-9"), "[secret KEY], [secret KEY]");
  assert.equal(cleaning("correct horse battery")("a battery"), "a battery");
});

test("createRedaction() says how long the longest form is", () => {
  const redaction = createRedaction();
  assert.equal(redaction.charsMax, 0);
  redaction.add("s3cret//", { name: "KEY", written: "s3cret//" });
  assert.equal(redaction.charsMax, "s3cret%2F%2F".length);
});
