import assert from "node:assert/strict";
import { test } from "node:test";
import { buildCausality, causesOf, type CausalNode } from "./build-causality.ts";
import type { StoredEvent } from "./event.ts";

const event = (id: string, causation: string | null) => ({ id, causation }) as StoredEvent;
const ids = (nodes: CausalNode[]) => nodes.map((node) => node.event.id);

test("buildCausality() links what led to an event and what it led to", () => {
  const { roots, byId } = buildCausality([
    event("tick", null),
    event("run", "tick"),
    event("step", "run"),
    event("other step", "run"),
    event("note", "step"),
  ]);
  assert.deepEqual(ids(roots), ["tick"]);
  assert.deepEqual(ids(byId.get("run")!.effects), ["step", "other step"]);
  assert.deepEqual(ids(causesOf(byId.get("note")!)), ["tick", "run", "step"]);
});

test("buildCausality() keeps events whose cause is not there", () => {
  const { roots } = buildCausality([event("a", "gone"), event("b", "a")]);
  assert.deepEqual(ids(roots), ["a"]);
});

test("buildCausality() has every event once, whatever the causations say", () => {
  const { roots } = buildCausality([
    event("a", "c"),
    event("b", "a"),
    event("c", "b"),
    event("self", "self"),
    event("a", "b"),
  ]);
  const all: string[] = [];
  const visit = (node: CausalNode) => {
    all.push(node.event.id);
    node.effects.forEach(visit);
  };
  roots.forEach(visit);
  assert.deepEqual(all.sort(), ["a", "a", "b", "c", "self"]);
});
