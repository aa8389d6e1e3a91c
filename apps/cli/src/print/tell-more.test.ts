import assert from "node:assert/strict";
import { test } from "node:test";
import { tellMore } from "./tell-more.ts";

test("tellMore() names the option of the cap that stopped a run, and promises nothing where the same would happen again", () => {
  const told = (message: string, code = "limit_exceeded") => tellMore({ id: "r1", error: { code, message } });
  assert.match(
    told(
      "the cap of $0.5000 for run:r1 refuses $0.1000: $0.4500 are spent and $0.0000 reserved; raise the cap or wait for its next run",
    )!,
    /^It goes on .*roost run retry r1 --budget-usd 1$/,
  );
  assert.match(told("the cap of 30000 tokens for run:r1 refuses 10 tokens")!, /r1 --budget-tokens 100000$/);
  assert.match(told("the cap of 10 calls for run:r1 refuses 1 calls")!, /r1 --budget-calls 20$/);
  assert.match(
    told(
      "the cap of $2.0000 per day for everything refuses $0.1000: $2.0000 are spent and $0.0000 reserved; raise the cap or wait for its next day",
    )!,
    /^Once that cap allows it, it .* r1$/,
  );
  assert.match(
    told("the cap of 10 calls for run:r0 refuses 1 calls: 10 calls are spent")!,
    /^Once that cap allows it, it .* r1$/,
    "that of the run that started it",
  );
  assert.match(told("this run may make 40 model calls and has made them")!, /roost run retry r1$/);
  assert.equal(told("the model went round in circles"), undefined);
  assert.equal(told("the cap of $1", "internal"), undefined);
});
