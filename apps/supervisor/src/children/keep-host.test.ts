import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { silentLogger } from "@roost/base";
import { createTemporaryHome } from "../testing/temporary-home.ts";
import { keepHost } from "./keep-host.ts";

const path = fileURLToPath(new URL("../testing/child-program.ts", import.meta.url));
/** What each does, and whether other logins are asked for at its first failure, and at its fifth. */
const cases = [
  { name: "peeps", order: "refuse 73", renews: [false, false] },
  { name: "scheduler", order: "crash", renews: [false, false] },
  { name: "worker-1", order: "refuse 69", renews: [false, true] },
  { name: "worker-2", order: "refuse 77", renews: [true, true] },
];

test(
  "keepHost() asks for other logins where one is refused or its database is long away, and for no other failure",
  { timeout: 60_000 },
  async (context) => {
    const paths = await createTemporaryHome();
    const said: string[] = [];
    const found = new Map<string, boolean[]>(cases.map(({ name }) => [name, []]));
    const looping = new Set<string>();
    const allLoop = Promise.withResolvers<void>();
    let processes: { name: string; identity: string }[] = [];
    const programs = cases.map(({ name }) => ({
      name,
      path,
      environment: () => ({ ...process.env, ROOST_HOME: paths.home, ROOST_PROCESS: name, ROOST_DATABASE_URL: "db" }),
    }));
    const host = keepHost(programs, {
      nodePath: process.execPath,
      directory: paths.home,
      limits: { pingEveryMs: 1_000, missedPingsMax: 60, readyMsMax: 60_000, graceMsMax: 60_000 },
      logPath: "",
      logger: silentLogger,
      writeLog: () => undefined,
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
      onRecovery: () => undefined,
      onChange: (now) => (processes = now),
    });
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
  },
);
