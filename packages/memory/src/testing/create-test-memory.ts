/** A memory per test, over its own home and database. */
import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { silentLogger, type Logger } from "@roost/base";
import { readTopic, type Kernel, type StoredEvent } from "@roost/kernel";
import { testKernelWith, type TestKernel } from "@roost/kernel/testing";
import type { Memory } from "../memory.ts";
import { memorySchema, openMemory } from "../open-memory.ts";

const createTestKernel = testKernelWith([memorySchema]);

export interface TestMemory extends AsyncDisposable {
  memory: Memory;
  kernel: Kernel;
  test: TestKernel;
  homeDir: string;
  /** Another process's view of the same home and database. */
  openAnother(): Promise<Memory>;
  /** As an editor or a script would write; its change time is a minute back, so that it counts as finished. */
  writeOutside(path: string, text: string): Promise<void>;
  read(path: string): Promise<string>;
  events(topic: string, types?: string[]): Promise<StoredEvent[]>;
}

export interface TestMemoryOptions {
  /** Files of the home before it is opened. */
  files?: Record<string, string>;
  logger?: Logger;
  scan?: boolean;
}

export async function createTestMemory(options: TestMemoryOptions = {}): Promise<TestMemory> {
  const logger = options.logger ?? silentLogger;
  const homeDir = await mkdtemp(join(tmpdir(), "roost-home-"));
  await using opened = new AsyncDisposableStack();
  opened.defer(() => rm(homeDir, { recursive: true, force: true }));
  const writeOutside = async (path: string, text: string) => {
    const absolute = join(homeDir, path);
    await mkdir(dirname(absolute), { recursive: true });
    await writeFile(absolute, text);
    const then = new Date(Date.now() - 60_000);
    await utimes(absolute, then, then);
  };
  for (const [path, text] of Object.entries(options.files ?? {})) await writeOutside(path, text);
  const test = opened.use(await createTestKernel());
  const memory = await openMemory({ kernel: test.kernel, homeDir, logger, scan: options.scan ?? true });
  const owned = opened.move();
  return {
    memory,
    kernel: test.kernel,
    test,
    homeDir,
    openAnother: async () =>
      openMemory({ kernel: await test.openAnother(), homeDir, logger, migrate: false, scan: false }),
    writeOutside,
    read: (path) => readFile(join(homeDir, path), "utf8"),
    async events(topic, types) {
      const { events } = await readTopic(test.database, { topic, limit: 1000, types });
      return events;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
