import assert from "node:assert/strict";
import { test } from "node:test";
import { someFact, someTime } from "../testing/records.ts";
import { serveGateway } from "../testing/serve-gateway.ts";
import { runRoost } from "../testing/run-roost.ts";

const anna = someFact();
const claim = { ...anna, id: "0197a3c0-0000-7000-8000-0000e5e5e5e5", statement: "Anna lives in Rome", isClaim: true };

test("roost facts lists facts, corrects and removes one by the end of its id, and accepts a claim", async () => {
  const asked: object[] = [];
  await using gateway = await serveGateway({
    listFacts: ({ isClaim }) => ({ items: isClaim === true ? [claim] : [anna, claim], next: null }),
    rememberFact: (fact) => {
      asked.push(fact);
      return { fact: { ...anna, statement: fact.text }, closedCount: 1 };
    },
    removeFact: (fact) => {
      asked.push(fact);
      return { fact: { ...anna, retractedAt: someTime } };
    },
    acceptFact: (fact) => {
      asked.push(fact);
      return { fact: { ...claim, isClaim: false } };
    },
  });
  assert.match((await runRoost(["facts"], gateway)).stdout, /a1b2c3d4\s+Anna lives in Berlin[^]*Rome\s+claimed/);
  assert.ok(!(await runRoost(["facts", "list", "--claims"], gateway)).stdout.includes("Berlin"));
  assert.match(
    (await runRoost(["facts", "correct", "a1b2c3d4", "Munich"], gateway)).stdout,
    /corrected: Anna lives in Munich/,
  );
  await runRoost(["facts", "remove", "a1b2c3d4"], gateway);
  assert.match((await runRoost(["facts", "accept", "e5e5e5e5"], gateway)).stdout, /it holds: Anna lives in Rome/);
  const remembered = await runRoost(["remember", "Anna", "moved", "--fact", "Anna | lives in | Munich"], gateway);
  assert.match(remembered.stdout, /remembered, in the place of 1 earlier/);
  assert.deepEqual(asked, [
    {
      text: "Anna lives in Munich",
      subject: "Anna",
      attribute: "lives in",
      value: "Munich",
      corrects: anna.id,
      isMany: false,
    },
    { factId: anna.id },
    { factId: claim.id },
    { text: "Anna moved", subject: "Anna", attribute: "lives in", value: "Munich", isMany: false },
  ]);
  assert.match(
    (await runRoost(["remember", "x", "--fact", "Anna | Munich"], gateway)).stderr,
    /--fact "Anna \| Munich" is not valid/,
  );
  assert.match((await runRoost(["facts", "remove", "ffff"], gateway)).stderr, /there is no fact that holds "ffff"/);
});
