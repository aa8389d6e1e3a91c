import assert from "node:assert/strict";
import { test } from "node:test";
import { createSpanContext, parseTraceparent, traceparentOf, traceparentOfChain } from "./traceparent.ts";

const valid = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

test("parseTraceparent() and traceparentOf() are each other's reverse", () => {
  const context = parseTraceparent(valid);
  assert.ok(context !== undefined);
  assert.deepEqual(context, {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    traceFlags: 1,
    isRemote: true,
  });
  assert.equal(traceparentOf({ spanContext: () => context }), valid);
});

test("traceparentOfChain() gives a chain of events one trace, whose id is the chain's own", () => {
  const id = "0197c1b2-3d4e-7f60-8a9b-0c1d2e3f4a5b";
  assert.equal(parseTraceparent(traceparentOfChain(id))?.traceId, id.replaceAll("-", ""));
  const named = parseTraceparent(traceparentOfChain("a chain of another home"));
  assert.deepEqual(named, parseTraceparent(traceparentOfChain("a chain of another home")));
  assert.notEqual(named?.traceId, parseTraceparent(traceparentOfChain("another"))?.traceId);
});

test("parseTraceparent() reads the known part of a later version", () => {
  assert.equal(parseTraceparent(`01${valid.slice(2)}-more`)?.traceFlags, 1);
});

test("parseTraceparent() ignores what is not a traceparent", () => {
  const wrong = [
    undefined,
    "",
    "00-short-b7ad6b7169203331-01",
    `ff${valid.slice(2)}`,
    `${valid}-more`,
    valid.toUpperCase(),
    "00-00000000000000000000000000000000-b7ad6b7169203331-01",
    "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
  ];
  for (const text of wrong) assert.equal(parseTraceparent(text), undefined, text);
});

test("createSpanContext() keeps the parent's trace and flags, or begins a trace", () => {
  const parent = parseTraceparent(valid)!;
  const child = createSpanContext(parent);
  assert.equal(child.traceId, parent.traceId);
  assert.equal(child.traceFlags, 1);
  assert.notEqual(child.spanId, parent.spanId);
  assert.notEqual(createSpanContext(undefined).traceId, createSpanContext(undefined).traceId);
  assert.ok(parseTraceparent(traceparentOf({ spanContext: () => createSpanContext(undefined) })));
});
