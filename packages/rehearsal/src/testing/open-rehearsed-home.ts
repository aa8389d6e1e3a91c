/** A home per test: files, a database with a clock, jobs applied as by the gateway; and its rehearsal. */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { silentLogger } from "@roost/base";
import type { RehearsalReport } from "@roost/contract/operations";
import { applyAgents, applyJobs } from "@roost/jobs";
import { parseAgentFile } from "@roost/jobs/agent-files";
import type { Kernel } from "@roost/kernel";
import { createTestKernel, type TestKernel } from "@roost/worker/testing";
import { openMemory, type Memory } from "@roost/memory";
import { rehearse, type RehearseOptions } from "../rehearse.ts";

const exampleHome = fileURLToPath(new URL("../../../../examples/home/", import.meta.url));

export interface RehearsedHome extends AsyncDisposable {
  test: TestKernel;
  kernel: Kernel;
  memory: Memory;
  homeDir: string;
  define(...jobs: unknown[]): Promise<void>;
  rehearse(options?: Partial<RehearseOptions>): Promise<RehearsalReport>;
}

export interface RehearsedHomeOptions {
  /** The home's current time. */
  now: string;
  /** Added to the files of examples/home. */
  files?: Record<string, string>;
}

export async function openRehearsedHome({ now, files = {} }: RehearsedHomeOptions): Promise<RehearsedHome> {
  await using opened = new AsyncDisposableStack();
  const homeDir = await mkdtemp(join(tmpdir(), "roost-rehearsed-"));
  opened.defer(() => rm(homeDir, { recursive: true, force: true }));
  await cp(exampleHome, homeDir, { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(homeDir, path)), { recursive: true });
    await writeFile(join(homeDir, path), text);
  }
  const test = opened.use(await createTestKernel());
  await test.clock.set(new Date(now));
  const { kernel } = test;
  const memory = opened.use(await openMemory({ kernel, homeDir, logger: silentLogger }));
  const main = parseAgentFile("agents/main.md", await readFile(join(homeDir, "agents/main.md"), "utf8"));
  await applyAgents(kernel, { main: main.definition }, { by: "test", source: "agents/main.md" });
  const owned = opened.move();
  return {
    test,
    kernel,
    memory,
    homeDir,
    define: async (...jobs) => {
      await applyJobs(kernel, jobs, { by: "test", source: "test", timeZone: memory.timeZone });
    },
    rehearse: (options = {}) =>
      rehearse({
        home: test.database,
        url: test.url,
        homeDir,
        hours: 24,
        model: null,
        signal: new AbortController().signal,
        ...options,
      }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
