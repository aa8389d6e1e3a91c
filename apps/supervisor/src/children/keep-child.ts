/**
 * Keeps one program running: starts it, starts it again when it ends, waits longer after each failure in a row, and
 * never gives up. It knows nothing of the other children, so that one that cannot stay up takes none of them along.
 */
import { backoffMs, sleepUntilAborted, type Logger } from "@roost/base";
import type { ReadyMessage } from "./child-messages.ts";
import { spawnChild, type ChildEnd, type ChildLimits, type ChildProgram, type RunningChild } from "./spawn-child.ts";

/** A child that ended this often without having stayed up in between is shown as one that cannot stay up. */
const failuresInRowMax = 5;
/** A child that was up this long has proven that it can: its next end counts as the first. */
const stableMsMin = 60_000;
const restarting = { firstMs: 100, maxMs: 30_000 };

export interface KeepChildOptions {
  nodePath: string;
  directory: string;
  limits: ChildLimits;
  writeLog: (line: string) => void;
  logger: Logger;
  /** Every time it is ready, the first time included. */
  onReady: (message: ReadyMessage) => void;
  /** It ended without having been told to, and starts again after `nextMs`. */
  onFailure: (failure: ChildFailure) => void;
  /** Another process runs under this name now. */
  onChange: () => void;
}

export interface ChildFailure extends ChildEnd {
  failuresInRow: number;
  nextMs: number;
  /** It has failed so often in a row that somebody should look. */
  isLooping: boolean;
}

export interface KeptChild {
  readonly name: string;
  /** Of the process that runs at the moment. */
  identity(): string | undefined;
  isReady(): boolean;
  /** Stops the process and starts it anew at once, with what `environment` says now. */
  restart(): void;
  /** Ends it for good. Resolves when it is gone. */
  stop(): Promise<void>;
  /** Ends it for good, without grace. */
  kill(): Promise<void>;
}

export function keepChild(program: ChildProgram, options: KeepChildOptions): KeptChild {
  const stopping = new AbortController();
  let running: RunningChild | undefined;
  let isReady = false;
  let isRestarting = false;
  let failuresInRow = 0;

  const runOnce = async (): Promise<ChildEnd> => {
    running = spawnChild(program, {
      ...options,
      onReady(message) {
        isReady = true;
        options.logger.info(`${program.name} is ready`, { child: program.name });
        options.onReady(message);
      },
    });
    options.onChange();
    const end = await running.ended;
    running = undefined;
    isReady = false;
    options.onChange();
    return end;
  };
  const keep = async () => {
    while (!stopping.signal.aborted) {
      const end = await runOnce();
      if (stopping.signal.aborted) return;
      if (isRestarting) {
        isRestarting = false;
        continue;
      }
      failuresInRow = end.wasReady && end.upMs >= stableMsMin ? 1 : failuresInRow + 1;
      const nextMs = backoffMs(failuresInRow, restarting);
      const failure = { ...end, failuresInRow, nextMs, isLooping: failuresInRow >= failuresInRowMax };
      options.logger.error(`${program.name} ended: ${end.reason}`, { child: program.name, ...failure });
      options.onFailure(failure);
      await sleepUntilAborted(nextMs, { signal: stopping.signal });
    }
  };
  const kept = keep();
  return {
    name: program.name,
    identity: () => running?.identity,
    isReady: () => isReady,
    restart() {
      isRestarting = running !== undefined;
      running?.stop();
    },
    stop() {
      stopping.abort();
      running?.stop();
      return kept;
    },
    kill() {
      stopping.abort();
      running?.kill();
      return kept;
    },
  };
}
