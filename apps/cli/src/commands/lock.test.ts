import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gatewayFile } from "@roost/base";
import { createTestLock } from "../testing/coordination.ts";
import { serveGateway, testToken } from "../testing/serve-gateway.ts";
import { runRoost } from "../testing/run-roost.ts";
import { startRoost } from "../testing/start-roost.ts";

const node = process.execPath;
/** A loaded machine may be late by this. */
const slowMsMax = 30_000;
/** Says that it runs and then stays, saying so when it is told to end. */
const staying = `process.on("SIGTERM", () => { console.log("told to end"); process.exit(5); }); setInterval(() => {}, 1000); console.log("at work");`;
const stubborn = `process.on("SIGTERM", () => console.log("told to end, and ignoring it")); setInterval(() => {}, 1000); console.log("at work");`;

test("roost lock runs the command with the epoch, passes its exit code through and releases", async () => {
  const { lock, handlers } = createTestLock();
  await using gateway = await serveGateway(handlers);
  const { code, stdout } = await startRoost(
    ["lock", "backup", "--", "sh", "-c", 'echo "$ROOST_LOCK_NAME $ROOST_LOCK_EPOCH"; exit 7'],
    gateway,
  ).ended;
  assert.deepEqual([code, stdout], [7, "backup 42\n"]);
  assert.deepEqual([lock.holder, lock.releases, lock.purpose], [undefined, 1, "sh"]);
});

test("roost lock keeps its token and the compile cache of the clone from the command", async () => {
  const { handlers } = createTestLock();
  await using gateway = await serveGateway(handlers);
  const print = "console.log(process.env.ROOST_TOKEN, process.env.NODE_COMPILE_CACHE)";
  for (const [given, seen] of [
    ["/clone/node_modules/.roost/compile-cache", "undefined undefined\n"],
    ["/home/me/cache", "undefined /home/me/cache\n"],
  ] as const) {
    const environment = { NODE_COMPILE_CACHE: given };
    const run = await startRoost(["lock", "x", "--", node, "-e", print], { ...gateway, environment }).ended;
    assert.deepEqual([run.code, run.stdout], [0, seen], run.stderr);
  }
});

test("roost says what is wrong with an option in the words of options, and takes no length of time without a unit", async () => {
  const { handlers } = createTestLock();
  await using gateway = await serveGateway(handlers);
  const rows: [args: string[], says: RegExp][] = [
    [["lock", "x", "--ttl", "10", "--", "true"], /"10" has no unit: write it like 90s/],
    [["lock", "x", "--ttl", "1ms", "--", "true"], /--ttl is at least 1s$/m],
    [["lock", "x".repeat(300), "--", "true"], /<name> has at most 200 characters/],
    [["once", "-k", "x", "--ttl", "900d", "--", "true"], /--ttl is at most 1d/],
    [["jobs", "add", "x", "--every", "5", "-p", "x"], /"5" has no unit/],
    [["jobs", "add", "x", "--every", "5ms", "-p", "x"], /trigger\.every: must be at least 1s/],
    [["sessions", "-n", "0"], /0 shows nothing: give 1 or more/],
    [["notices", "-n", "0"], /0 shows nothing/],
  ];
  for (const [args, says] of rows) {
    const { code, stderr } = await runRoost(args, gateway);
    assert.equal(code, 64, `${args.join(" ").slice(0, 60)}: ${stderr}`);
    assert.match(stderr, says);
  }
});

test("roost lock does not start the command when another has the lock", async () => {
  const { handlers } = createTestLock("somebody@elsewhere");
  await using gateway = await serveGateway(handlers);
  for (const wait of [["--no-wait"], ["--wait", "1ms"]]) {
    const { code, stdout, stderr } = await runRoost(["lock", ...wait, "backup", "--", "echo", "ran"], gateway);
    assert.deepEqual([code, stdout], [80, ""]);
    assert.match(stderr, /held by somebody@elsewhere \(nightly\)/);
  }
});

test("roost lock waits until the lock is free", async () => {
  const { lock, handlers } = createTestLock("somebody@elsewhere");
  await using gateway = await serveGateway({
    ...handlers,
    acquireLock: (input, call) => {
      // The second call waits: meanwhile the other lets go.
      if (input.waitMs > 0) lock.holder = undefined;
      return handlers.acquireLock!(input, call);
    },
  });
  const { code, stdout } = await startRoost(["lock", "backup", "--", "echo", "ran"], gateway).ended;
  assert.deepEqual([code, stdout], [0, "ran\n"]);
});

test("roost lock stops the command when the lease is lost, and kills it when it does not end", async () => {
  const { lock, handlers } = createTestLock();
  await using gateway = await serveGateway(handlers);
  const run = startRoost(["lock", "backup", "--ttl", "3s", "--grace", "100ms", "--", node, "-e", stubborn], gateway);
  await run.said("at work");
  lock.holder = "a thief";
  const { code, stderr, stdout } = await run.ended;
  assert.equal(code, 81);
  assert.match(stderr, /lost \(a thief holds the lock now\); stopping/);
  assert.ok(stdout.includes("told to end, and ignoring it"));
  assert.equal(lock.holder, "a thief");
});

test("roost lock's command ends by the end of its lease, with what it started, when roost lock is killed or stands still", async () => {
  const ttlMs = 4_000;
  await Promise.all(
    (["SIGKILL", "SIGSTOP"] as const).map(async (signal) => {
      const { lock, handlers } = createTestLock();
      // Of the renewal before the signal: it comes to one that stands still, which must not take it for a lease that it kept.
      const answered = Promise.withResolvers<void>();
      let isAtWork = false;
      await using gateway = await serveGateway({
        ...handlers,
        renewLock: async (input, call) => {
          const answer = handlers.renewLock!(input, call);
          if (isAtWork) await answered.promise;
          return answer;
        },
      });
      // The command's child ignores SIGTERM and stays connected for as long as it lives.
      const listener = createServer().listen(0, "127.0.0.1");
      await once(listener, "listening");
      const { port } = listener.address() as AddressInfo;
      const child = `process.on("SIGTERM", () => {}); require("node:net").connect(${port}, "127.0.0.1")`;
      const connected = once(listener, "connection") as Promise<[Socket]>;
      const command = ["sh", "-c", `"${node}" -e '${child}' & wait`];
      const run = startRoost(["lock", "--ttl", `${ttlMs}ms`, "--grace", "1ms", "backup", "--", ...command], gateway);
      // Whatever fails, nothing of it keeps this process alive.
      await using _ended = {
        [Symbol.asyncDispose]: async () => {
          run.child.kill("SIGKILL");
          listener.close();
        },
      };
      const [socket] = await run.meanwhile(connected);
      isAtWork = true;
      lock.renewed = Promise.withResolvers<void>();
      await run.meanwhile(lock.renewed.promise);
      run.child.kill(signal);
      answered.resolve();
      socket.on("error", () => undefined).resume();
      // Aborted: the command outlived its lease.
      const limit = { signal: AbortSignal.timeout(ttlMs + slowMsMax) };
      if (!socket.closed) await once(socket, "close", limit);
      if (signal === "SIGSTOP") {
        run.child.kill("SIGCONT");
        assert.equal((await run.ended).code, 81);
      }
    }),
  );
});

test("roost lock --keep-going lets the command run on and says that it has no lock", async () => {
  const { lock, handlers } = createTestLock();
  await using gateway = await serveGateway(handlers);
  const program = `process.on("SIGUSR2", () => process.exit(6)); setInterval(() => {}, 1000); console.log("at work");`;
  const run = startRoost(
    ["lock", "backup", "--ttl", "6s", "--keep-going", "--", "sh", "-c", `echo pid $$; exec "${node}" -e '${program}'`],
    gateway,
  );
  await run.said("at work");
  lock.holder = undefined;
  await run.said("keeps running");
  process.kill(Number(/pid (\d+)/.exec(run.output())?.[1]), "SIGUSR2");
  assert.equal((await run.ended).code, 6);
});

test("roost lock passes signals on to the command and releases when it has ended", async () => {
  const { lock, handlers } = createTestLock();
  await using gateway = await serveGateway(handlers);
  const run = startRoost(["lock", "backup", "--", node, "-e", staying], gateway);
  await run.said("at work");
  run.child.kill("SIGTERM");
  const { code, stdout } = await run.ended;
  assert.equal(code, 5);
  assert.match(stdout, /told to end/);
  assert.deepEqual([lock.holder, lock.releases], [undefined, 1]);
});

test("roost lock exits as a shell does: 128 + n for a signal, 127 and 126 for what cannot run, 64 for nothing to run", async () => {
  const { lock, handlers } = createTestLock();
  await using gateway = await serveGateway(handlers);
  const codeOf = async (...command: string[]) => (await runRoost(["lock", "backup", ...command], gateway)).code;
  assert.equal(await codeOf("--", "sh", "-c", "kill -KILL $$"), 137);
  assert.equal(await codeOf("--", "no-such-command-here"), 127);
  assert.equal(await codeOf("--", "/"), 126);
  assert.equal(await codeOf(), 64);
  assert.equal(lock.holder, undefined);
});

test("roost lock follows the gateway to the address that the home names after a restart", async () => {
  const { lock, handlers } = createTestLock();
  const homeDir = await mkdtemp(join(tmpdir(), "roost-lock-"));
  try {
    const naming = ({ url }: { url: string }) => writeFile(gatewayFile(homeDir), JSON.stringify({ url }));
    const first = await serveGateway(handlers);
    await mkdir(join(homeDir, ".roost"));
    await naming(first);
    const environment = { ROOST_HOME: homeDir, ROOST_TOKEN: testToken };
    const run = startRoost(["lock", "backup", "--ttl", "6s", "--", node, "-e", staying], { environment });
    await run.said("at work");
    await using second = await serveGateway(handlers);
    await naming(second);
    await first[Symbol.asyncDispose]();
    lock.renewed = Promise.withResolvers<void>();
    await run.meanwhile(lock.renewed.promise);
    run.child.kill("SIGTERM");
    assert.equal((await run.ended).code, 5);
    assert.deepEqual([lock.holder, second.calls.includes("releaseLock")], [undefined, true]);
  } finally {
    await rm(homeDir, { recursive: true });
  }
});

test("roost lock --list shows who holds what, and roost lock without a command says how it is used", async () => {
  const lock = {
    name: "a-lock-with-a-long-name-to-type",
    holder: "me@host:1",
    epoch: 7,
    purpose: "backup",
    runId: null,
    acquiredAt: "2025-06-01T08:00:00.000Z",
    expiresAt: "2025-06-01T08:01:00.000Z",
    waitingCount: 2,
  };
  await using gateway = await serveGateway({ listLocks: () => ({ items: [lock], next: null }) });
  const { code, stdout } = await runRoost(["lock", "--list"], { ...gateway, environment: { COLUMNS: "80" } });
  assert.equal(code, 0);
  assert.ok(stdout.includes(lock.name) && stdout.includes("me@host:1"), stdout);
  assert.deepEqual(JSON.parse((await runRoost(["lock", "--list", "--json"], gateway)).stdout), { locks: [lock] });
  const unused = await runRoost(["lock", "backup"], gateway);
  assert.deepEqual([unused.code, /NAME -- CMD, or use --list/.test(unused.stderr)], [64, true]);
});
