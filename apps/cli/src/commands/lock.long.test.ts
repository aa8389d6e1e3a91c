// roost lock whose gateway goes away, for a while and for good. That it follows one which moves, and what ends with a lease: lock.test.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createTestLock } from "../testing/coordination.ts";
import { serveGateway } from "../testing/serve-gateway.ts";
import { startRoost } from "../testing/start-roost.ts";

const node = process.execPath;
/** Says that it runs and then stays, saying so when it is told to end. */
const staying = `process.on("SIGTERM", () => { console.log("told to end"); process.exit(5); }); setInterval(() => {}, 1000); console.log("at work");`;

test("roost lock keeps the lock while the gateway goes away and comes back", async () => {
  const { lock, handlers } = createTestLock();
  const first = await serveGateway(handlers);
  const run = startRoost(["lock", "backup", "--ttl", "6s", "--", node, "-e", staying], first);
  await run.said("at work");
  await first[Symbol.asyncDispose]();
  await run.said("does not answer");
  lock.renewed = Promise.withResolvers<void>();
  await using _second = await serveGateway(handlers, { port: first.port });
  await run.said("answers again");
  run.child.kill("SIGTERM");
  assert.equal((await run.ended).code, 5);
  assert.equal(lock.holder, undefined);
});

test("roost lock stops the command in time when the gateway stays away", async () => {
  const { handlers } = createTestLock();
  const gateway = await serveGateway(handlers);
  const run = startRoost(["lock", "backup", "--ttl", "6s", "--", node, "-e", staying], gateway);
  await run.said("at work");
  await gateway[Symbol.asyncDispose]();
  await run.said("told to end");
  assert.match(run.output(), /lost \(the gateway could not be reached before the lease ended\)/);
  assert.equal((await run.ended).code, 81);
});
