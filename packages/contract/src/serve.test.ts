import assert from "node:assert/strict";
import { test } from "node:test";
import { serve, serveAll, serveContract } from "./serve.ts";
import { contractOf, createPeople, people } from "./testing/people.ts";

test("serveAll() pairs every operation with its handler and who may call it, and serveContract() accepts them", () => {
  const { handlers } = createPeople();
  const { served } = serveAll(people, handlers);
  assert.deepEqual(
    served.map(({ operation, access }) => [operation.id, access.scope]),
    [
      ["getPerson", "people.people:read"],
      ["listPeople", "people.people:read"],
      ["addPerson", "people.people:write"],
      ["waitForever", "people.wait:write"],
      ["watchPeople", "people.people:read"],
    ],
  );
  assert.deepEqual(serveContract(people, served).served, served);
});

test("serveContract() refuses a contract with an operation that is served by nothing, twice, or stands in no contract", () => {
  const { handlers } = createPeople();
  const { served } = serveAll(people, handlers);
  const [first, ...rest] = people.operations;
  assert.throws(() => serveContract(people, served.slice(1)), { code: "internal", message: /has no handler/ });
  const again = serve(first, handlers[first.id] as never);
  assert.throws(() => serveContract(people, [...served, again]), { code: "internal", message: /has 2 handlers/ });
  assert.throws(() => serveContract(contractOf(rest), served), { code: "internal", message: /not in the contract/ });
});
