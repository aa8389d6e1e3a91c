import assert from "node:assert/strict";
import { test } from "node:test";
import { createAgenda } from "./agenda.ts";

const never = () => new AbortController().signal;

test("createAgenda() lets those go on whose moment has come, in the order of moments, then of arrival", async () => {
  const agenda = createAgenda();
  const order: string[] = [];
  const parked = ["late", "first", "second"].map((runId) =>
    agenda.park(runId, runId === "late" ? 20 : 10, never()).then(() => order.push(runId)),
  );
  assert.equal(agenda.nextMs, 10);
  assert.equal(agenda.takeDue(9), undefined);
  assert.deepEqual([agenda.takeDue(10), agenda.takeDue(10), agenda.takeDue(10)], ["first", "second", undefined]);
  assert.equal(agenda.nextMs, 20);
  assert.equal(agenda.takeDue(30), "late");
  await Promise.all(parked);
  assert.deepEqual(order, ["first", "second", "late"]);
  assert.equal(agenda.nextMs, undefined);
});

test("createAgenda() forgets who is aborted, and tells when a run waits", async () => {
  const agenda = createAgenda();
  const stop = new AbortController();
  const told = agenda.parked("run");
  const parked = agenda.park("run", 10, stop.signal);
  await told;
  await agenda.parked("run");
  stop.abort(new Error("enough"));
  await assert.rejects(parked, /enough/);
  assert.equal(agenda.nextMs, undefined);
  await assert.rejects(agenda.park("run", 10, stop.signal), /enough/);
});
