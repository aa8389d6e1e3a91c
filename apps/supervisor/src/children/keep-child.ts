/**
 * Keeps one program running: restarts it when it ends, with growing delays after consecutive failures, and never gives up. Independent of other
 * children, so that a failing one does not affect them.
 */
import { backoffMs, sleepUntilAborted, type Logger } from "@roost/base";
import type { ChildRequest, ReadyMessage } from "./child-messages.ts";
import { spawnChild, type ChildEnd, type ChildLimits, type ChildProgram, type RunningChild } from "./spawn-child.ts";

/** After this many consecutive failures the child is reported as looping. */
const failuresInRowMax = 5;
/** A child up for this long is stable: its next failure counts as the first. */
const stableMsMin = 60_000;
const restarting = { firstMs: 100, maxMs: 30_000 };

export interface KeepChildOptions {
  nodePath: string;
  directory: string;
  limits: ChildLimits;
  writeLog: (line: string) => void;
  logger: Logger;
  /** Each time it is ready, the first included. */
  onReady: (message: ReadyMessage) => void;
  /** Of a database that is up. Undefined: none of its processes asks. */
  databaseUrl: (() => Promise<string>) | undefined;
  /** What it asks while it runs. */
  onRequest: (message: ChildRequest) => void;
  /** It ended unexpectedly and restarts after `nextMs`. */
  onFailure: (failure: ChildFailure) => void;
  /** A new process runs under this name. */
  onChange: () => void;
}

export interface ChildFailure extends ChildEnd {
  failuresInRow: number;
  nextMs: number;
  /** It has failed so often in a row that a person should look. */
  isLooping: boolean;
}

export interface KeptChild {
  readonly name: string;
  /** Identity of the current process. */
  identity(): string | undefined;
  isReady(): boolean;
  /** Restarts the process at once, with the current `environment`. */
  restart(): void;
  /** There may be something for it to do. */
  hint(): void;
  /** Stops it for good. Resolves when it has ended. */
  stop(): Promise<void>;
  /** Kills it for good, without grace. */
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
    hint: () => running?.hint(),
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
