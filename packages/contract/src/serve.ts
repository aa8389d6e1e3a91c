/** A contract with its handlers: each operation is paired with its handler where that is written. */
import { RoostError } from "@roost/base";
import type { AnyOperation } from "./define-operation.ts";
import type { ServiceContract } from "./define-service.ts";
import type { AnyHandler, Handler, Handlers } from "./handlers.ts";
import type { Access } from "./principal.ts";

export interface Served {
  readonly operation: AnyOperation;
  readonly handler: AnyHandler;
  /** Why no call is served here: thrown to callers that may call it, before the input is read and an idempotency key begun. */
  readonly refuse?: () => RoostError;
}

export interface ServedOperation extends Served {
  readonly access: Access;
  /** The service it belongs to. */
  readonly service: string;
}

export interface ServedContract {
  readonly contract: ServiceContract;
  readonly served: readonly ServedOperation[];
}

export function serve<Op extends AnyOperation>(operation: Op, handler: NoInfer<Handler<Op>>): Served {
  return { operation, handler };
}

/** @throws RoostError `internal` naming operations without a handler, with two, or not in the contract */
export function serveContract(contract: ServiceContract, served: readonly Served[]): ServedContract {
  const counts = new Map<AnyOperation, number>(contract.operations.map((operation) => [operation, 0]));
  for (const { operation } of served) {
    const count = counts.get(operation);
    if (count === undefined)
      throw new RoostError("internal", `operation ${operation.id} is served but not in the contract`);
    counts.set(operation, count + 1);
  }
  for (const [{ id }, count] of counts) {
    if (count === 0) throw new RoostError("internal", `operation ${id} has no handler: register one with serve()`);
    if (count > 1) throw new RoostError("internal", `operation ${id} has ${count} handlers: keep one`);
  }
  return { contract, served: served.map((each) => accessible(contract, each)) };
}

/** Pairs each operation with the handler under its id. @throws RoostError `internal` when one is missing */
export function serveAll<const Ops extends readonly AnyOperation[]>(
  contract: ServiceContract<Ops>,
  handlers: NoInfer<Handlers<Ops>>,
): ServedContract {
  const served = contract.operations.map((operation) => {
    const handler = (handlers as Record<string, AnyHandler>)[operation.id];
    if (handler === undefined) throw new RoostError("internal", `operation ${operation.id} has no handler`);
    return accessible(contract, { operation, handler });
  });
  return { contract, served };
}

function accessible(contract: ServiceContract, served: Served): ServedOperation {
  return { ...served, service: contract.name, access: contract.access.get(served.operation.id)! };
}
