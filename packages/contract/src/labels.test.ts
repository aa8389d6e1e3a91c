import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import {
  areSameLabels,
  audienceOf,
  covers,
  formatLabels,
  isUntrusted,
  joinLabels,
  labelLimits,
  missingLabels,
  openLabels,
  parseLabels,
  placedFor,
  trustedAtMost,
  withFewSources,
  untrustedFrom,
  type Labels,
  type Trust,
} from "./labels.ts";

const audience = fc.oneof(
  fc.constant("main"),
  fc.string({ maxLength: 12 }).map((id) => audienceOf("job", id)),
  fc.integer({ min: 0, max: 40 }).map((n) => audienceOf("domain", `d${n}`)),
);
const source = fc.oneof(
  fc.integer({ min: 0, max: 30 }).map((n) => `aud${n}.example`),
  fc.domain(),
);
const labels: fc.Arbitrary<Labels> = fc
  .record({
    audiences: fc.array(audience, { maxLength: 40 }),
    trust: fc.constantFrom<Trust>("owner", "agent", "untrusted"),
    sources: fc.array(fc.tuple(fc.constantFrom("web" as const, "mcp" as const), source), { maxLength: 25 }),
  })
  .map(({ audiences, trust, sources }) =>
    joinLabels(
      { audiences, trust, sources: [] },
      ...sources.map(([kind, of]) => ({ ...untrustedFrom(kind, of), trust })),
    ),
  );

test("joinLabels() is associative, commutative and idempotent, and openLabels is its identity", () => {
  fc.assert(
    fc.property(labels, labels, labels, (a, b, c) => {
      assert.deepEqual(joinLabels(joinLabels(a, b), c), joinLabels(a, joinLabels(b, c)));
      assert.deepEqual(joinLabels(a, b, c), joinLabels(joinLabels(a, b), c));
      assert.deepEqual(joinLabels(a, b), joinLabels(b, a));
      assert.deepEqual(joinLabels(a, a), a);
      assert.deepEqual(joinLabels(a, openLabels), a);
    }),
  );
});

test("joinLabels() is monotone: what is joined is never trusted more, nor read by more, than its parts", () => {
  const clearance = fc.oneof(fc.constant("all" as const), fc.array(audience, { maxLength: 40 }));
  fc.assert(
    fc.property(labels, labels, clearance, (a, b, who) => {
      const joined = joinLabels(a, b);
      assert.equal(isUntrusted(joined), isUntrusted(a) || isUntrusted(b));
      if (covers(who, joined)) assert.ok(covers(who, a) && covers(who, b));
      assert.deepEqual(joinLabels(joined, a), joined);
    }),
  );
});

test("parseLabels() reads back what formatLabels() wrote, within its limits", () => {
  fc.assert(
    fc.property(labels, (a) => {
      const texts = formatLabels(a);
      assert.deepEqual(parseLabels(texts), a);
      assert.deepEqual(parseLabels(texts.toReversed()), a);
      assert.ok(texts.every((text) => text.length <= labelLimits.charsMax && !/\s/.test(text)));
    }),
  );
});

test("parseLabels() takes what is missing or unreadable for aud:main trust:untrusted", () => {
  for (const texts of [
    undefined,
    null,
    [],
    ["what"],
    ["aud:"],
    ["src:ftp:x"],
    ["trust:me"],
    [`aud:job:${"x".repeat(300)}`],
  ])
    assert.deepEqual(parseLabels(texts), missingLabels, JSON.stringify(texts));
  assert.deepEqual(formatLabels(parseLabels(["trust:owner", "nonsense", "src:web:a.example"])), [
    "aud:main",
    "src:web:a.example",
    "trust:untrusted",
  ]);
  assert.deepEqual(formatLabels(parseLabels(["aud:domain:peeps"])), [
    "aud:domain:peeps",
    "aud:main",
    "trust:untrusted",
  ]);
  assert.deepEqual(parseLabels(["trust:owner", "trust:untrusted"]), { ...openLabels, trust: "untrusted" });
});

test("covers() needs every audience; content without one is for every session", () => {
  const both = parseLabels(["aud:main", "aud:domain:peeps", "trust:agent"]);
  assert.equal(covers("all", both), true);
  assert.equal(covers(["main", "domain:peeps"], both), true);
  assert.equal(covers(["domain:peeps"], both), false);
  assert.equal(covers([], openLabels), true);
  assert.equal(covers([], missingLabels), false);
});

test("joinLabels() keeps at most 16 sources of a kind, then the kind alone, and 32 audiences, then none that a clearance names", () => {
  const hosts = Array.from({ length: 17 }, (_, n) => untrustedFrom("web", `h${n}.example`));
  assert.equal(joinLabels(...hosts.slice(1)).sources.length, 16);
  const many = joinLabels(...hosts, untrustedFrom("mcp", "files"));
  assert.deepEqual(many.sources, ["mcp:files", "web:*"]);
  assert.deepEqual(joinLabels(many, untrustedFrom("web", "one.example")), many);
  const crowd = joinLabels(...Array.from({ length: 33 }, (_, n) => ({ ...openLabels, audiences: [`job:j${n}`] })));
  assert.deepEqual(crowd.audiences, ["*"]);
  assert.equal(covers("all", crowd), true);
  assert.equal(covers(["*"], { ...openLabels, audiences: ["main"] }), false);
});

test("withFewSources() names the kind alone of what has most, until it fits", () => {
  const of = (kind: "web" | "mail", count: number) =>
    Array.from({ length: count }, (_, n) => untrustedFrom(kind, `h${n}.example`));
  const labels = joinLabels(...of("web", 9), ...of("mail", 8), untrustedFrom("mcp", "files"));
  const limits = { sourcesMax: 16, charsMax: 1_000 };
  const few = withFewSources(labels, limits);
  assert.deepEqual([few.sources.length, few.sources.at(-1), few.trust], [10, "web:*", "untrusted"]);
  assert.deepEqual(withFewSources(few, limits), few);
  assert.deepEqual(withFewSources(labels, { ...limits, charsMax: 30 }).sources, ["mail:*", "mcp:files", "web:*"]);
  assert.deepEqual(withFewSources(labels, { ...limits, charsMax: 1 }).sources, ["mail:*", "mcp:*", "web:*"]);
});

test("placedFor() changes who reads it, never whether it can be trusted", () => {
  const read = joinLabels(
    untrustedFrom("web", "a.example"),
    parseLabels(["aud:main", "aud:domain:peeps", "trust:agent"]),
  );
  assert.deepEqual(formatLabels(placedFor(read, ["job:blog"])), [
    "aud:domain:peeps",
    "aud:job:blog",
    "src:web:a.example",
    "trust:untrusted",
  ]);
  assert.ok(areSameLabels(trustedAtMost(openLabels, "agent"), parseLabels(["trust:agent"])));
  assert.ok(isUntrusted(trustedAtMost(read, "owner")));
});
