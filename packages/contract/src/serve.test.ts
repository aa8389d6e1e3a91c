import assert from "node:assert/strict";
import { test } from "node:test";
import { requireServed, serve, serveAll } from "./serve.ts";
import { createPeople, people } from "./testing/people.ts";

test("serveAll() pairs every operation with its handler, and requireServed() accepts them", () => {
  const { handlers } = createPeople();
  const served = serveAll(people, handlers);
  assert.deepEqual(
    served.map(({ operation }) => operation.id),
    people.map(({ id }) => id),
  );
  assert.equal(requireServed(people, served), served);
});

test("requireServed() refuses a contract with an operation that is served by nothing, twice, or stands in no contract", () => {
  const { handlers } = createPeople();
  const served = serveAll(people, handlers);
  const [first] = people;
  assert.throws(() => requireServed(people, served.slice(1)), { code: "internal", message: /has no handler/ });
  const again = serve(first, handlers[first.id] as never);
  assert.throws(() => requireServed(people, [...served, again]), { code: "internal", message: /has 2 handlers/ });
  assert.throws(() => requireServed(people.slice(1), served), { code: "internal", message: /stands in no contract/ });
});
