import { sleepUntilAborted } from "./delay.ts";
import { RoostError, toRoostError, type ErrorCode } from "./roost-error.ts";

/** Runs the `main` of a process and ends it. A failure is one line on stderr; its code gives the exit code. */
export async function runProcess(main: () => Promise<void>, exitCodeOf: (code: ErrorCode) => number): Promise<never> {
  try {
    await main();
  } catch (error) {
    const { code, message } = toRoostError(error);
    // tidy: the last line of a process, for which there may be no logger yet.
    process.stderr.write(`${JSON.stringify({ level: "error", message, code })}\n`);
    process.exitCode = exitCodeOf(code);
  }
  // Connections that others keep open must not keep the process alive.
  process.exit();
}

/**
 * Ends the process when stopping takes longer than this after the signal, by the code of its reason where that is an error. What was acknowledged is
 * committed: nothing depends on an orderly stop.
 */
export function endLate(signal: AbortSignal, stopMsMax: number, exitCodeOf?: (code: ErrorCode) => number): void {
  const code = () => (signal.reason instanceof RoostError ? exitCodeOf?.(signal.reason.code) : undefined);
  const end = () => void sleepUntilAborted(stopMsMax, { keepAlive: false }).then(() => process.exit(code()));
  signal.addEventListener("abort", end, { once: true });
}
