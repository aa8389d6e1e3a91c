/** Looks how large a directory is while a program works in it. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { delay } from "@roost/base";

/** Most programs have ended by then, and nothing was counted for them. What one has written until then counts as having been there. */
const beforeMs = 100;
const firstMs = 1_000;
const pauseMsMin = 2_000;
/** So that the looking takes at most so much of the time. */
const pausesPerLook = 20;
const lookMsMax = 60_000;

/** Calls `onTooLarge` once, when it has grown and is beyond the limit. Where `du` is not installed nothing is counted. */
export function watchSize(directory: string, bytesMax: number, onTooLarge: () => void): Disposable {
  const over = new AbortController();
  void look(directory, { bytesMax, onTooLarge, signal: over.signal }).catch(() => undefined);
  return { [Symbol.dispose]: () => over.abort() };
}

async function look(
  directory: string,
  { bytesMax, onTooLarge, signal }: { bytesMax: number; onTooLarge: () => void; signal: AbortSignal },
): Promise<void> {
  await delay(beforeMs, { signal });
  const before = await sizeOf(directory, signal);
  for (let pauseMs = firstMs; ;) {
    await delay(pauseMs, { signal });
    const startedMs = performance.now();
    const bytes = await sizeOf(directory, signal);
    if (bytes > Math.max(bytesMax, before)) return onTooLarge();
    pauseMs = Math.max(pauseMsMin, (performance.now() - startedMs) * pausesPerLook);
  }
}

/** What it takes on its file system. Files that go meanwhile are no failure. */
async function sizeOf(directory: string, signal: AbortSignal): Promise<number> {
  const options = { signal, timeout: lookMsMax, maxBuffer: 16 * 1024 ** 2 };
  const { stdout } = await promisify(execFile)("du", ["-skx", "--", directory], options).catch(
    (error: { stdout?: string }) => {
      if (!error.stdout) throw error;
      return { stdout: error.stdout };
    },
  );
  return Number.parseInt(stdout, 10) * 1024;
}
