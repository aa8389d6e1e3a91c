/**
 * The gateway, the workers and the process of the domain services of a machine: ready when the gateway, one worker and the services are;
 * services that fail, or are late, keep no start. Workers stop first, so that the others still serve what they finish. The services run while a
 * gateway says that there are some; a process that replaces theirs is ready before the other stops, so that calls find one all the time.
 */
import { RoostError, type ErrorCode, type Logger } from "@roost/base";
import { errorCodeOfExit } from "@roost/contract/status-codes";
import type { ChildRequest, ReadyMessage } from "./child-messages.ts";
import { keepChild, type ChildFailure, type KeptChild } from "./keep-child.ts";
import { keepServices } from "./keep-services.ts";
import type { ChildLimits, ChildProgram } from "./spawn-child.ts";

export interface KeepChildrenOptions {
  nodePath: string;
  directory: string;
  limits: ChildLimits;
  writeLog: (line: string) => void;
  /** Named to a person when the start fails. */
  logPath: string;
  logger: Logger;
  /** Of a database that is up: a process is started to load meanwhile. */
  databaseUrl: (() => Promise<string>) | undefined;
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
   * The gateway's message, once one worker is ready too, and the services, if there are some.
   * @throws the error that the gateway or a worker refuses to start with before that, where retrying would not help, or has not helped
   */
  readonly ready: Promise<ReadyMessage>;
  /** Restarts all of them with the current `environment`. */
  restart(): void;
  /** Stops workers, then services, then the gateway; without grace once `force` is aborted. */
  stop(force: AbortSignal): Promise<void>;
}

/** What a first start is refused with when retrying would not help: its configuration, a taken port, an address that may not be used. */
const refusals: ReadonlySet<ErrorCode | undefined> = new Set<ErrorCode>([
  "invalid_input",
  "conflict",
  "forbidden",
  "unauthenticated",
]);

/** A program that has ended so often in a row before anything was ready, for a reason other than what may yet come: the start is given up. */
const failedStartsMax = 5;
/** The same while what it needs is away, as a database that fails over: about a minute. */
const failedStartsMaxAway = 10;
const mayYetCome: ReadonlySet<ErrorCode | undefined> = new Set<ErrorCode>(["unavailable", "timeout"]);

/** The gateway and one worker. */
const firstCount = 2;

export interface MachinePrograms {
  gateway: ChildProgram;
  workers: readonly ChildProgram[];
  services: ChildProgram;
  /** Between the log and Kafka, where there is one. */
  relay?: ChildProgram | undefined;
}

export function keepChildren(machine: MachinePrograms, options: KeepChildrenOptions): KeptChildren {
  const programs = [machine.gateway, ...machine.workers, machine.relay].filter((one) => one !== undefined);
  const children: KeptChild[] = [];
  const ready = Promise.withResolvers<ReadyMessage>();
  const failed = new Set<string>();
  let gatewayMessage: ReadyMessage | undefined;
  let [isWorkerReady, isReady, isStopping] = [false, false, false];
  const all = () => [...children, ...services.all()];
  const restart = () => all().forEach((child) => child.restart());

  const onReady = (name: string, message: ReadyMessage) => {
    if (name === machine.gateway.name) {
      gatewayMessage = message;
      options.onGateway(message);
      onRequest(name, { type: "services", has: message.hasServices === true });
    } else if (name === machine.services.name) {
      services.onReady();
    } else if (name !== machine.relay?.name) {
      isWorkerReady = true;
    }
    if (gatewayMessage !== undefined && isWorkerReady && !isReady) {
      isReady = true;
      ready.resolve(services.settled.then(() => gatewayMessage!));
      startUpTo(programs.length);
    }
    if (failed.delete(name)) options.onRecovery(name);
  };
  const onRequest = (name: string, message: ChildRequest) => {
    if (name === machine.services.name && message.type === "replace") services.replace();
    if (name === machine.gateway.name && message.type === "restart") restart();
    if (name === machine.gateway.name && message.type === "services") services.want(message.has);
    onChange();
  };
  const onFailure = (name: string, failure: ChildFailure) => {
    const isOfServices = name === machine.services.name;
    if (isOfServices) services.onFailure();
    const error = isReady || isOfServices ? undefined : failedStart(name, failure, options.logPath);
    if (error !== undefined) return ready.reject(error);
    failed.add(name);
    options.onFailure(name, failure);
    startUpTo(programs.length);
  };
  const onChange = () => options.onChange(processesOf(all()));
  const start = (program: ChildProgram) =>
    keepChild(program, {
      ...options,
      onReady: (message) => onReady(program.name, message),
      onFailure: (failure) => onFailure(program.name, failure),
      onRequest: (message) => onRequest(program.name, message),
      onChange,
    });
  const services = keepServices(() => start(machine.services), { onChange });
  const startUpTo = (count: number) => {
    if (isStopping || children.length >= count) return;
    for (const program of programs.slice(children.length, count)) children.push(start(program));
    onChange();
  };
  // The first two make the machine ready; the others would only compete with them for the processor.
  startUpTo(firstCount);
  // Callers waiting for it get the rejection; there may be none.
  ready.promise.catch(() => undefined);

  return {
    ready: ready.promise,
    restart,
    async stop(force) {
      isStopping = true;
      services.close();
      const isGateway = ({ name }: KeptChild) => name === machine.gateway.name;
      const workers = children.filter((child) => !isGateway(child));
      for (const each of [workers, services.all(), children.filter(isGateway)]) await stopAll(each, force);
    },
  };
}

/** The error with which a first start ends; undefined while it is tried again. */
export function failedStart(name: string, failure: ChildFailure, logPath: string): RoostError | undefined {
  const { failuresInRow, reason, lastError } = failure;
  const code = errorCodeOfExit(failure.code);
  if (failure.wasReady) return undefined;
  if (code !== undefined && refusals.has(code))
    return new RoostError(code, lastError ?? `${name} refuses to start: see the log`);
  if (failuresInRow < (mayYetCome.has(code) ? failedStartsMaxAway : failedStartsMax)) return undefined;
  const why = lastError === undefined ? "" : `: ${lastError}`;
  const message = `Roost did not start: ${name} ended ${failuresInRow} times in a row (${reason})${why}. See ${logPath}, and roost doctor; then start it again`;
  return new RoostError("unavailable", message);
}

export function processesOf(children: readonly KeptChild[]): { name: string; identity: string }[] {
  const processes = children.map(({ name, identity }) => ({ name, identity: identity() }));
  return processes.filter((one): one is { name: string; identity: string } => one.identity !== undefined);
}

export async function stopAll(some: readonly (KeptChild | undefined)[], force: AbortSignal): Promise<void> {
  const children = some.filter((child) => child !== undefined);
  const kill = () => children.forEach((child) => void child.kill());
  force.addEventListener("abort", kill, { once: true });
  await Promise.all(children.map((child) => (force.aborted ? child.kill() : child.stop())));
  force.removeEventListener("abort", kill);
}
