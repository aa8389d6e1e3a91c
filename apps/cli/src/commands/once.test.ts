import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { isStorableJson } from "@roost/base";
import { createTestOnce } from "../testing/coordination.ts";
import { serveGateway } from "../testing/serve-gateway.ts";
import { runRoost } from "../testing/run-roost.ts";
import { startRoost } from "../testing/start-roost.ts";

test("roost once runs the command the first time and repeats its output the next", async () => {
  const { once, handlers } = createTestOnce();
  await using gateway = await serveGateway(handlers);
  const first = await runRoost(["once", "-k", "k", "--", "sh", "-c", 'echo "did $ROOST_ONCE_KEY"'], gateway);
  assert.deepEqual([first.code, first.stdout, once.state], [0, "did k\n", "done"]);
  const second = await runRoost(["once", "-k", "k", "--", "sh", "-c", "echo again"], gateway);
  assert.deepEqual([second.code, second.stdout], [0, "did k\n"]);
  assert.match(second.stderr, /was done .* ago by/);
});

test("roost once keeps the beginning of a long output and nothing with --no-capture", async () => {
  const { once, handlers } = createTestOnce();
  await using gateway = await serveGateway(handlers);
  const long = ["-e", "process.stdout.write('ä'.repeat(100_000))"];
  const first = await runRoost(["once", "-k", "k", "--", process.execPath, ...long], gateway);
  assert.equal(first.stdout.length, 100_000);
  const kept = once.result as { stdout: string; isCut: boolean };
  assert.deepEqual([kept.isCut, kept.stdout], [true, "ä".repeat(20_000)]);
  once.state = "free";
  await startRoost(["once", "-k", "k", "--no-capture", "--", "echo", "secret"], gateway).ended;
  assert.equal((once.result as { stdout: string }).stdout, "");
});

test("roost once keeps output that is no text as the bytes that it is", async () => {
  for (const printed of ["a\\000b", "\\377\\376\\355\\240\\200x", "\\357\\273\\277mark", "\\303\\244"]) {
    const { once, handlers } = createTestOnce();
    await using gateway = await serveGateway(handlers);
    const first = await runRoost(["once", "-k", "k", "--", "printf", printed], gateway);
    const again = await runRoost(["once", "-k", "k", "--", "false"], gateway);
    assert.deepEqual([first.code, again.code, once.state], [0, 0, "done"]);
    assert.deepEqual(again.bytes, first.bytes);
    assert.deepEqual(first.bytes, execFileSync("printf", [printed]));
    assert.ok(isStorableJson(JSON.stringify(once.result)));
  }
});

test("roost once does not wait for a gateway that is away with --no-wait, nor longer than --wait", async () => {
  const away = await serveGateway({});
  await away[Symbol.asyncDispose]();
  for (const wait of [["--no-wait"], ["--wait", "0s"], ["--wait", "1ms"]]) {
    const { code, stderr } = await runRoost(["once", "-k", "k", ...wait, "--", "echo", "ran"], away);
    assert.deepEqual([code, /cannot be reached/.test(stderr), /retrying/.test(stderr)], [69, true, false]);
  }
});

test("roost once frees the key when the command fails, and leaves it unknown when a signal ends it", async () => {
  const { once, handlers } = createTestOnce();
  await using gateway = await serveGateway(handlers);
  assert.equal((await runRoost(["once", "-k", "k", "--", "sh", "-c", "exit 3"], gateway)).code, 3);
  assert.equal(once.state, "free");
  assert.equal((await runRoost(["once", "-k", "k", "--", "no-such-command-here"], gateway)).code, 127);
  assert.equal(once.state, "free");
  assert.equal((await runRoost(["once", "-k", "k", "--", "sh", "-c", "kill -KILL $$"], gateway)).code, 137);
  assert.equal(once.state, "unknown");
  const refused = await runRoost(["once", "-k", "k", "--", "echo", "ran"], gateway);
  assert.deepEqual([refused.code, refused.stdout], [83, ""]);
  assert.match(refused.stderr, /--retry-unknown/);
  assert.equal((await runRoost(["once", "-k", "k", "--retry-unknown", "--", "echo", "ran"], gateway)).stdout, "ran\n");
});

test("roost once waits for another that does it, or does not with --no-wait", async () => {
  const { once, handlers } = createTestOnce();
  once.state = "begun";
  once.holder = "another@elsewhere";
  await using gateway = await serveGateway({
    ...handlers,
    beginOnce: (input, call) => {
      const answer = handlers.beginOnce!(input, call);
      Object.assign(once, { state: "done", result: { stdout: "theirs\n" } });
      return answer;
    },
  });
  const waited = await runRoost(["once", "-k", "k", "--", "echo", "mine"], gateway);
  assert.deepEqual([waited.code, waited.stdout], [0, "theirs\n"]);
  once.state = "begun";
  const refused = await runRoost(["once", "-k", "k", "--no-wait", "--", "echo", "mine"], gateway);
  assert.deepEqual([refused.code, refused.stdout], [82, ""]);
});

test("roost once tells the outcome to a gateway that went away and came back", async () => {
  const { once, handlers } = createTestOnce();
  const first = await serveGateway(handlers);
  const program = `process.on("SIGTERM", () => process.exit(0)); setInterval(() => {}, 1000); console.log("at work");`;
  const run = startRoost(["once", "-k", "k", "--", process.execPath, "-e", program], first);
  await run.said("at work");
  await first[Symbol.asyncDispose]();
  run.child.kill("SIGTERM");
  await run.said("does not answer");
  await using _second = await serveGateway(handlers, { port: first.port });
  assert.equal((await run.ended).code, 0);
  assert.equal(once.state, "done");
});

test("roost once renews its hold while the command runs", async () => {
  const { once, handlers } = createTestOnce();
  const renewed = Promise.withResolvers<void>();
  await using gateway = await serveGateway({
    ...handlers,
    renewOnce: (input, call) => {
      const answer = handlers.renewOnce!(input, call);
      if (once.renewedCount === 2) renewed.resolve();
      return answer;
    },
  });
  const program = `process.on("SIGTERM", () => process.exit(0)); setInterval(() => {}, 1000); console.log("at work");`;
  const run = startRoost(["once", "-k", "k", "--ttl", "1s", "--", process.execPath, "-e", program], gateway);
  await run.said("at work");
  await run.meanwhile(renewed.promise);
  run.child.kill("SIGTERM");
  assert.equal((await run.ended).code, 0);
  assert.equal(once.state, "done");
});

test("roost once lets the command go on when its hold is lost, and says so", async () => {
  const { once, handlers } = createTestOnce();
  await using gateway = await serveGateway(handlers);
  const program = `process.on("SIGTERM", () => process.exit(0)); setInterval(() => {}, 1000); console.log("at work");`;
  const run = startRoost(["once", "-k", "k", "--ttl", "1s", "--", process.execPath, "-e", program], gateway);
  await run.said("at work");
  once.state = "unknown";
  await run.said("cli/k now counts as unknown for others (its time is up)");
  run.child.kill("SIGTERM");
  assert.equal((await run.ended).code, 0);
  assert.equal(once.state, "done");
});

test("roost once --list shows keys with their state, and roost once without a key or command says how it is used", async () => {
  const key = {
    scope: "blog",
    key: "newsletter-2025-06-01",
    state: "in_progress" as const,
    holder: "me@host:1",
    purpose: null,
    runId: null,
    attempt: 1,
    beganAt: "2025-06-01T08:00:00.000Z",
    endedAt: null,
    expiresAt: null,
  };
  const scopes: unknown[] = [];
  await using gateway = await serveGateway({
    listOnce: ({ scope }) => {
      scopes.push(scope);
      return { items: [key], next: null };
    },
  });
  const { stdout } = await runRoost(["once", "--list"], gateway);
  assert.match(stdout, /newsletter-2025-06-01 +blog +running/);
  assert.deepEqual(JSON.parse((await runRoost(["once", "--list", "--scope", "blog", "--json"], gateway)).stdout), {
    keys: [key],
  });
  assert.deepEqual(scopes, [undefined, "blog"]);
  for (const args of [
    ["once", "--", "true"],
    ["once", "-k", "x"],
  ])
    assert.equal((await runRoost(args, gateway)).code, 64);
});
