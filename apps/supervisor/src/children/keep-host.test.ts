import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { silentLogger } from "@roost/base";
import { createTemporaryHome } from "../testing/temporary-home.ts";
import { keepHost, type KeepHostOptions } from "./keep-host.ts";

const path = fileURLToPath(new URL("../testing/child-program.ts", import.meta.url));
/** What each does, and whether other logins are asked for at its first failure, and at its fifth. */
const cases = [
  { name: "peeps", order: "refuse 73", renews: [false, false] },
  { name: "scheduler", order: "crash", renews: [false, false] },
  { name: "worker-1", order: "refuse 69", renews: [false, true] },
  { name: "worker-2", order: "refuse 77", renews: [true, true] },
];

function keepIn(home: string, names: readonly string[], options: Partial<KeepHostOptions>) {
  const environmentOf = (name: string) => ({ ROOST_HOME: home, ROOST_PROCESS: name, ROOST_DATABASE_URL: "db" });
  const programs = names.map((name) => ({
    name,
    path,
    environment: () => ({ ...process.env, ...environmentOf(name) }),
  }));
  return keepHost(programs, {
    nodePath: process.execPath,
    directory: home,
    limits: { pingEveryMs: 1_000, missedPingsMax: 60, readyMsMax: 60_000, graceMsMax: 60_000 },
    logPath: "",
    logger: silentLogger,
    writeLog: () => undefined,
    renewLogins: async () => false,
    onFailure: () => undefined,
    onRecovery: () => undefined,
    onChange: () => undefined,
    ...options,
  });
}

test("keepHost() asks for other logins where one is refused or its database is long away, and for no other failure", async (context) => {
  const paths = await createTemporaryHome();
  const said: string[] = [];
  const found = new Map<string, boolean[]>(cases.map(({ name }) => [name, []]));
  const looping = new Set<string>();
  const allLoop = Promise.withResolvers<void>();
  let processes: { name: string; identity: string }[] = [];
  const host = keepIn(
    paths.home,
    cases.map(({ name }) => name),
    {
      // Called before the failure that made it ask is told.
      async renewLogins() {
        said.push("renew");
        return false;
      },
      onFailure(name, { code, failuresInRow, isLooping }) {
        const hasAsked = said.at(-1) === "renew";
        said.push(name);
        if (code !== null && (failuresInRow === 2 || failuresInRow === 5)) found.get(name)!.push(hasAsked);
        if (isLooping) looping.add(name);
        if (looping.size === cases.length) allLoop.resolve();
      },
      onChange: (now) => (processes = now),
    },
  );
  context.after(async () => {
    await host.stop(AbortSignal.abort());
    await paths[Symbol.asyncDispose]();
  });
  await host.ready;
  for (const { name, order } of cases) await writeFile(join(paths.home, `${name}.order`), order);
  for (const { identity } of processes) process.kill(Number.parseInt(identity, 10), "SIGKILL");
  await allLoop.promise;
  assert.deepEqual(
    [...found],
    cases.map(({ name, renews }) => [name, renews]),
  );
});

test("keepHost() starts without services that fail beside others, not where they are alone, and replaces them when they ask", async (context) => {
  const paths = await createTemporaryHome();
  const order = join(paths.home, "services.order");
  let latest = "";
  let onStart: (identity: string) => void = () => undefined;
  const onChange: KeepHostOptions["onChange"] = (now) => {
    const { identity } = now.find(({ name }) => name === "services") ?? {};
    if (identity !== undefined) onStart((latest = identity));
  };
  await writeFile(order, "refuse 73");
  const alone = keepIn(paths.home, ["services"], {});
  const recovered = Promise.withResolvers<string>();
  const host = keepIn(paths.home, ["worker-1", "services"], { onChange, onRecovery: recovered.resolve });
  context.after(async () => {
    await Promise.all([alone, host].map((each) => each.stop(AbortSignal.abort())));
    await paths[Symbol.asyncDispose]();
  });
  await assert.rejects(alone.ready, { code: "conflict" });
  await host.ready;
  await rm(order);
  assert.equal(await recovered.promise, "services");
  const before = latest;
  const another = new Promise<void>((resolve) => (onStart = (identity) => identity !== before && resolve()));
  process.kill(Number.parseInt(before, 10), "SIGUSR2");
  await another;
});
