/**
 * The gateway and the workers of a machine: ready when the gateway and one worker are. Workers stop first, so that the gateway still serves what
 * they finish.
 */
import { RoostError, type Logger } from "@roost/base";
import type { ReadyMessage } from "./child-messages.ts";
import { keepChild, type ChildFailure, type KeptChild } from "./keep-child.ts";
import type { ChildLimits, ChildProgram } from "./spawn-child.ts";

export interface KeepChildrenOptions {
  nodePath: string;
  directory: string;
  limits: ChildLimits;
  writeLog: (line: string) => void;
  logger: Logger;
  onFailure: (name: string, failure: ChildFailure) => void;
  /** Each time the gateway is ready, the first included. */
  onGateway: (message: ReadyMessage) => void;
  /** A failed child is up again. */
  onRecovery: (name: string) => void;
  /** The set of processes has changed. */
  onChange: (processes: { name: string; identity: string }[]) => void;
}

export interface KeptChildren {
  /**
   * The gateway's message, once one worker is ready too.
   * @throws invalid_input when the gateway or a worker refuses its configuration before that
   */
  readonly ready: Promise<ReadyMessage>;
  /** Restarts all of them with the current `environment`. */
  restart(): void;
  /** Stops workers, then the gateway; without grace once `force` is aborted. */
  stop(force: AbortSignal): Promise<void>;
}

/** sysexits(3) EX_USAGE: the configuration is refused, so retrying would not help. */
const refusedExitCode = 64;

/** The gateway and one worker. */
const firstCount = 2;

/** The first program is the gateway. */
export function keepChildren(programs: readonly ChildProgram[], options: KeepChildrenOptions): KeptChildren {
  const children: KeptChild[] = [];
  const ready = Promise.withResolvers<ReadyMessage>();
  const failed = new Set<string>();
  let gatewayMessage: ReadyMessage | undefined;
  let isWorkerReady = false;
  let isStopping = false;

  const onReady = (name: string, isGateway: boolean, message: ReadyMessage) => {
    if (isGateway) {
      gatewayMessage = message;
      options.onGateway(message);
    } else {
      isWorkerReady = true;
    }
    if (gatewayMessage !== undefined && isWorkerReady) {
      ready.resolve(gatewayMessage);
      startAll();
    }
    if (failed.delete(name)) options.onRecovery(name);
  };
  const onFailure = (name: string, failure: ChildFailure) => {
    failed.add(name);
    if (failure.code === refusedExitCode && !failure.wasReady) {
      ready.reject(
        new RoostError("invalid_input", failure.lastError ?? `${name} refuses its configuration: see the log`),
      );
    }
    options.onFailure(name, failure);
    startAll();
  };
  const onChange = () => {
    const processes = children.map(({ name, identity }) => ({ name, identity: identity() }));
    options.onChange(processes.filter((one): one is { name: string; identity: string } => one.identity !== undefined));
  };
  const start = (program: ChildProgram, isGateway: boolean) => {
    const { name } = program;
    const child = keepChild(program, {
      ...options,
      onReady: (message) => onReady(name, isGateway, message),
      onFailure: (failure) => onFailure(name, failure),
      onChange,
    });
    children.push(child);
  };
  const startAll = () => {
    if (isStopping || children.length === programs.length) return;
    for (const program of programs.slice(children.length)) start(program, false);
    onChange();
  };
  // The first two make the machine ready; the others would only compete with them for the processor.
  programs.slice(0, firstCount).forEach((program, index) => start(program, index === 0));
  onChange();
  // Callers waiting for it get the rejection; there may be none.
  ready.promise.catch(() => undefined);

  const stopAll = async (some: readonly KeptChild[], force: AbortSignal) => {
    const kill = () => some.forEach((child) => void child.kill());
    force.addEventListener("abort", kill, { once: true });
    const stopped = some.map((child) => (force.aborted ? child.kill() : child.stop()));
    await Promise.all(stopped);
    force.removeEventListener("abort", kill);
  };
  return {
    ready: ready.promise,
    restart: () => children.forEach((child) => child.restart()),
    async stop(force) {
      isStopping = true;
      await stopAll(children.slice(1), force);
      await stopAll(children.slice(0, 1), force);
    },
  };
}
