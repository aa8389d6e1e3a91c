import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { createLocalClient } from "./create-local-client.ts";
import { defineOperation } from "./define-operation.ts";
import { defineService } from "./define-service.ts";
import { coversScope, requireAccess, type Principal } from "./principal.ts";
import { contractOf, createPeople, people } from "./testing/people.ts";

test("coversScope() takes whole areas, verbs and everything, and nothing beside", () => {
  const cases: [scopes: string[], asked: string, isCovered: boolean][] = [
    [["*"], "runs:read", true],
    [["runs:read"], "runs:read", true],
    [["runs:read"], "runs:write", false],
    [["runs:*"], "runs:write", true],
    [["*:read"], "peeps.people:read", true],
    [["*:read"], "runs:write", false],
    [["peeps.*:*"], "peeps.people:write", true],
    [["peeps.*:*"], "peepshow.people:write", false],
    [["peeps:*"], "peeps.people:read", false],
    [["run:*"], "runs:read", false],
    [[], "runs:read", false],
  ];
  for (const [scopes, asked, isCovered] of cases)
    assert.equal(coversScope(scopes, asked), isCovered, `${scopes.join()} ${asked}`);
});

test("requireAccess() says which kind or which scope is missing", () => {
  const agent: Principal = { id: "agent:main", kind: "agent", scopes: ["*"] };
  const access = { scope: "questions:write", audience: ["owner"] as const };
  assert.throws(() => requireAccess(agent, access, "answerQuestion"), {
    code: "forbidden",
    message: "answerQuestion is not open to agent:main: callers of kind agent may not call it",
  });
  const script: Principal = { id: "script:backup", kind: "script", scopes: ["locks:*"] };
  assert.throws(() => requireAccess(script, { scope: "runs:read", audience: ["script"] }, "listRuns"), {
    code: "forbidden",
    message: "script:backup may not call listRuns: it lacks the scope runs:read",
  });
});

test("a handler is not called, and its input not looked at, for a caller that may not", async () => {
  const world = createPeople();
  const principal: Principal = { id: "script:reader", kind: "script", scopes: ["people.*:read"] };
  const client = createLocalClient(people, world.handlers, { principal });
  assert.deepEqual((await client.listPeople()).people, []);
  await assert.rejects(client.addPerson({ name: "" }), { code: "forbidden", message: /people\.people:write/ });
  const channel = createLocalClient(people, world.handlers, { principal: { ...principal, kind: "channel" } });
  await assert.rejects(channel.listPeople(), { code: "forbidden" });
  await assert.rejects(async () => {
    for await (const _item of channel.watchPeople()) assert.fail("nothing was to be read");
  });
  assert.equal(world.calls.length, 1);
});

test("defineService() refuses parts that do not fit each other", () => {
  const [getPerson] = people.operations;
  assert.throws(() => contractOf([getPerson, getPerson]), /two operations have the same id/);
  const relation = { from: "Person", name: "employer", field: "employerId", to: "Company", via: "getCompany" };
  const base = { name: "people", title: "People", operations: [getPerson] as const };
  assert.throws(
    () => defineService({ ...base, relations: [relation] }),
    /getCompany, which is not one of its operations/,
  );
  const screen = { path: "/people", name: "People", icon: "users", key: "p", view: "PeopleScreen" };
  assert.throws(() => defineService({ ...base, screens: [{ ...screen, path: "people/all" }] }), /an address like/);
  const below = [{ path: "/runs/:runId", view: "RunScreen" }];
  assert.throws(() => defineService({ ...base, screens: [{ ...screen, inside: below }] }), /one below it/);
  assert.throws(() => defineService({ ...base, name: "People" }), /lower-case/);
  assert.throws(() => defineService({ ...base, labels: ["secret"] }), /"secret" is not a label/);
  const skip = defineOperation({
    id: "skip",
    method: "POST",
    path: "/people/{personId}/skip",
    summary: "Skips a person",
    input: z.object({ personId: z.string() }),
    output: z.object({}),
    effect: "queryable",
    query: getPerson,
  });
  assert.throws(() => contractOf([skip]), /getPerson, which is not one of its operations/);
  assert.equal(contractOf([getPerson, skip]).access.get("skip")?.scope, "test.people:write");
});
