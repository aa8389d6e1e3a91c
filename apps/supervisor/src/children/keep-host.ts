/** The processes of a joined host, each for itself: workers, schedulers, services, a gateway beside that of the home. */
import { RoostError, toRoostError } from "@roost/base";
import { errorCodeOfExit } from "@roost/contract/status-codes";
import type { ChildRequest, ReadyMessage } from "./child-messages.ts";
import { failedStart, processesOf, stopAll, type KeepChildrenOptions } from "./keep-children.ts";
import { keepChild, type ChildFailure, type KeptChild } from "./keep-child.ts";
import type { ChildProgram } from "./spawn-child.ts";

/** Of the one program that runs all services of a host. */
const servicesName = "services";

export interface KeptHost {
  /** Once each of them has been ready, or is services that have failed beside others. @throws the error that one refuses to start with, where retrying would not help, or has not helped */
  readonly ready: Promise<void>;
  /** What its gateway said when it was ready. Undefined: it runs none. */
  readonly gateway: () => ReadyMessage | undefined;
  /** @throws `unauthenticated`: the home says that the host was put out, or a database that a person chose lets it in no more */
  readonly putOut: Promise<never>;
  /** Without grace once `force` is aborted. */
  stop(force: AbortSignal): Promise<void>;
}

export type HostKeepingOptions = Omit<KeepChildrenOptions, "onGateway" | "databaseUrl">;

export interface KeepHostOptions extends HostKeepingOptions {
  /** Asks the home for other logins for its database. False: there is none to ask for. @throws `unauthenticated` when the host was put out */
  renewLogins: () => Promise<boolean>;
}

export function keepHost(programs: readonly ChildProgram[], options: KeepHostOptions): KeptHost {
  const ready = Promise.withResolvers<void>();
  const putOut = Promise.withResolvers<never>();
  for (const { promise } of [ready, putOut]) promise.catch(() => undefined);
  const failed = new Set<string>();
  const starting = new Set(programs.map(({ name }) => name));
  const settle = (name: string) => {
    if (starting.delete(name) && starting.size === 0) ready.resolve();
  };
  const onFailure = (name: string, failure: ChildFailure) => {
    // Beside others they keep no start.
    if (name === servicesName && programs.length > 1) settle(name);
    const error = starting.has(name) ? failedStart(name, failure, options.logPath) : undefined;
    if (error !== undefined) return ready.reject(error);
    if (isLockedOut(failure)) renewing ??= renew(name, failure);
    failed.add(name);
    options.onFailure(name, failure);
  };
  const children: KeptChild[] = [];
  let gateway: ReadyMessage | undefined;
  let renewing: Promise<void> | undefined;
  const renew = async (name: string, failure: ChildFailure) => {
    try {
      if (await options.renewLogins()) for (const child of children) child.restart();
      else if (isRefused(failure) && failure.isLooping)
        putOut.reject(new RoostError("unauthenticated", failure.lastError ?? `${name} is refused: see the log`));
    } catch (error) {
      if (toRoostError(error).code === "unauthenticated") return putOut.reject(error);
      options.logger.warn("the home gave no other logins for its database", { error });
    } finally {
      renewing = undefined;
    }
  };
  const onChange = () => options.onChange(processesOf(children));
  for (const program of programs) {
    const { name } = program;
    const onReady = (message: ReadyMessage) => {
      if (message.url !== undefined) gateway = message;
      settle(name);
      if (failed.delete(name)) options.onRecovery(name);
    };
    const told = { onReady, onFailure: (failure: ChildFailure) => onFailure(name, failure), onChange };
    // Services ask for it when a program of theirs has changed, a gateway when the home's settings have.
    const onRequest = ({ type }: ChildRequest) => type === "replace" && child.restart();
    const child = keepChild(program, { ...options, ...told, databaseUrl: undefined, onRequest });
    children.push(child);
  }
  onChange();
  return {
    ready: ready.promise,
    gateway: () => gateway,
    putOut: putOut.promise,
    stop: (force) => stopAll(children, force),
  };
}

/**
 * Its login opens the database no more, or it has long not reached it: the home may have moved. No other failure: other logins end all that the host
 * runs, and mend nothing of a service's own.
 */
function isLockedOut(failure: ChildFailure): boolean {
  return isRefused(failure) || (failure.isLooping && errorCodeOfExit(failure.code) === "unavailable");
}

/** Once may be a server that is being replaced. */
function isRefused({ code }: ChildFailure): boolean {
  return errorCodeOfExit(code) === "unauthenticated";
}
