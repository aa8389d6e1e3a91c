/** An operation with what serves it, registered where the handler stands. */
import { RoostError } from "@roost/base";
import type { AnyOperation } from "./define-operation.ts";
import type { Handler, Handlers } from "./handlers.ts";
import type { AnyHandler } from "./run-operation.ts";

export interface Served {
  readonly operation: AnyOperation;
  readonly handler: AnyHandler;
}

export function serve<Op extends AnyOperation>(operation: Op, handler: NoInfer<Handler<Op>>): Served {
  return { operation, handler };
}

/** @throws RoostError `internal` naming the operations that are served by nothing, twice, or that are not in the list */
export function requireServed(operations: readonly AnyOperation[], served: readonly Served[]): readonly Served[] {
  const counts = new Map<AnyOperation, number>(operations.map((operation) => [operation, 0]));
  for (const { operation } of served) {
    const count = counts.get(operation);
    if (count === undefined)
      throw new RoostError("internal", `operation ${operation.id} is served and stands in no contract`);
    counts.set(operation, count + 1);
  }
  for (const [{ id }, count] of counts) {
    if (count === 0) throw new RoostError("internal", `operation ${id} has no handler: register one with serve()`);
    if (count > 1) throw new RoostError("internal", `operation ${id} has ${count} handlers: leave one`);
  }
  return served;
}

/** Pairs each operation with the handler under its id. @throws RoostError `internal` when one has none */
export function serveAll<const Ops extends readonly AnyOperation[]>(
  operations: Ops,
  handlers: NoInfer<Handlers<Ops>>,
): Served[] {
  return operations.map((operation) => {
    const handler = (handlers as Record<string, AnyHandler>)[operation.id];
    if (handler === undefined) throw new RoostError("internal", `operation ${operation.id} has no handler`);
    return { operation, handler };
  });
}
