/** Looks how large a directory is while a program works in it. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { delay } from "@roost/base";

const beforeMsMax = 1_000;
const firstMs = 1_000;
const pauseMsMin = 2_000;
/** So that the looking takes at most so much of the time. */
const pausesPerLook = 20;
const lookMsMax = 60_000;

/** The size before a program begins. Rejects where it cannot be counted. */
export interface SizeBefore {
  bytes: Promise<number>;
}

/** Waits for it, so that nothing that the program writes counts as having been there; a large directory is counted beside the program. */
export async function countBefore(directory: string): Promise<SizeBefore> {
  const bytes = sizeOf(directory);
  // Whoever does not come to ask for it.
  bytes.catch(() => undefined);
  const waiting = new AbortController();
  await Promise.race([bytes, delay(beforeMsMax, { signal: waiting.signal })]).catch(() => undefined);
  waiting.abort();
  return { bytes };
}

/** Calls `onTooLarge` once, when it has grown and is beyond the limit. Where `du` is not installed nothing is counted. */
export function watchSize(
  directory: string,
  { bytesMax, before }: { bytesMax: number; before: SizeBefore },
  onTooLarge: () => void,
): Disposable {
  const over = new AbortController();
  void look(directory, { bytesMax, before, onTooLarge, signal: over.signal }).catch(() => undefined);
  return { [Symbol.dispose]: () => over.abort() };
}

async function look(
  directory: string,
  {
    bytesMax,
    before,
    onTooLarge,
    signal,
  }: { bytesMax: number; before: SizeBefore; onTooLarge: () => void; signal: AbortSignal },
): Promise<void> {
  const bytesBefore = await before.bytes;
  for (let pauseMs = firstMs; ;) {
    await delay(pauseMs, { signal });
    const startedMs = performance.now();
    const bytes = await sizeOf(directory, signal);
    if (bytes > Math.max(bytesMax, bytesBefore)) return onTooLarge();
    pauseMs = Math.max(pauseMsMin, (performance.now() - startedMs) * pausesPerLook);
  }
}

/** What it takes on its file system. Files that go meanwhile are no failure. */
async function sizeOf(directory: string, signal?: AbortSignal): Promise<number> {
  const options = { signal, timeout: lookMsMax, maxBuffer: 16 * 1024 ** 2 };
  const { stdout } = await promisify(execFile)("du", ["-skx", "--", directory], options).catch(
    (error: { stdout?: string }) => {
      if (!error.stdout) throw error;
      return { stdout: error.stdout };
    },
  );
  return Number.parseInt(stdout, 10) * 1024;
}
