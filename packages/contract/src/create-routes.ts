/**
 * Serves operations over HTTP with Hono. Every answer matches the operation's schema or is a problem document. Authentication happens before;
 * `principalOf` returns its result.
 */
import { createId, RoostError, toRoostError, type Logger } from "@roost/base";
import { Hono, type Context } from "hono";
import { createAnswer } from "./create-answer.ts";
import type { AnyOperation } from "./define-operation.ts";
import { createEventStreamResponse } from "./event-stream-response.ts";
import type { Call } from "./handlers.ts";
import { requireAccess, type Principal } from "./principal.ts";
import { isOfDatabase, problemMediaType, toProblem, type Problem, type ProblemOptions } from "./problem.ts";
import { idCharsMax } from "./records/limits.ts";
import { readInput } from "./read-input.ts";
import { openOperationStream, runOperation, type KeepAnswer } from "./run-operation.ts";
import type { ServedContract, ServedOperation } from "./serve.ts";

/** The default limit of a request body. */
export const bodyBytesMaxDefault = 1024 * 1024;

export interface RoutesOptions {
  logger: Logger;
  /** Returns the authenticated caller. */
  principalOf: (context: Context) => Principal;
  /** Keeps answers of calls with an idempotency key. Without it, keys are passed to the handlers only. */
  keepAnswer?: KeepAnswer | undefined;
  /** Limit of a request body. */
  bodyBytesMax?: number;
  /** Aborted when the server stops: streams end so that their readers reconnect. */
  shutdown?: AbortSignal;
  /** Aborted when the caller is none any more; asked for once for each stream, and looked after until `over`. */
  allowedOf?: (context: Context, over: AbortSignal) => AbortSignal | undefined;
  /** Idle time after which a stream sends a comment. */
  keepAliveMs?: number;
  /** In which errors tell moments. */
  timeZone?: string | undefined;
  /** Wraps each call with valid input, for spans and metrics. */
  around?: <T>(operation: AnyOperation, call: Call, work: () => Promise<T>) => Promise<T>;
}

/** @throws internal when two operations have the same id, or the same method and path */
export function createRoutes({ served }: ServedContract, options: RoutesOptions): Hono {
  const routes = new Hono();
  const methodsOfPath = new Map<string, string[]>();
  for (const each of inRoutingOrder(served)) {
    const path = routerPathOf(each.operation);
    methodsOfPath.set(path, [...(methodsOfPath.get(path) ?? []), each.operation.method]);
    routes.on(each.operation.method, path, (context) => answer(each, context, options));
  }
  for (const [path, methods] of methodsOfPath) {
    routes.all(path, (context) => refuseMethod(context, methods, options.logger));
  }
  return routes;
}

/** `status` and `timeZone` as a problem takes them. */
type TellOptions = { logger: Logger } & Partial<Pick<ProblemOptions, "status" | "timeZone">>;

/** Logs an error and answers it with a problem document; also for the server's notFound and onError. */
export function createProblemResponse(
  thrown: unknown,
  options: TellOptions & { headers?: Record<string, string> },
): Response {
  const problem = describe(thrown, { ...options, status: options.status ?? statusIn(thrown) });
  return new Response(JSON.stringify(problem), {
    status: problem.status,
    headers: {
      ...whenAgain(thrown),
      ...options.headers,
      "content-type": problemMediaType,
      "cache-control": "no-store",
    },
  });
}

/** A more precise status than that of its code. */
function statusIn(thrown: unknown): number | undefined {
  const status = thrown instanceof RoostError ? thrown.details?.["httpStatus"] : undefined;
  return typeof status === "number" ? status : undefined;
}

/** Where the error says when to try again. */
function whenAgain(thrown: unknown): Record<string, string> {
  const seconds = thrown instanceof RoostError ? thrown.details?.["retryAfterS"] : undefined;
  return typeof seconds === "number" ? { "retry-after": String(seconds) } : {};
}

async function answer(served: ServedOperation, context: Context, options: RoutesOptions): Promise<Response> {
  const { operation, access } = served;
  const { logger, timeZone } = options;
  const ending = operation.stream ? new AbortController() : undefined;
  try {
    const allowed = ending && options.allowedOf?.(context, ending.signal);
    const call = callOf(context, options, [ending?.signal, allowed]);
    // Before its body is read.
    requireAccess(call.principal, access, operation.id);
    const given = await readInput(operation, context, options.bodyBytesMax ?? bodyBytesMaxDefault);
    const around = options.around ?? ((_operation, _call, work) => work());
    if (ending === undefined) {
      const output = await around(operation, call, () => runOperation(served, given, call, options.keepAnswer));
      return createAnswer(operation, output, context);
    }
    const items = await around(operation, call, () => openOperationStream(served, given, call));
    return createEventStreamResponse(context, items, {
      signal: call.signal,
      onClose: () => ending.abort(),
      describeError: (thrown) => describe(thrown, { logger, timeZone }),
      keepAliveMs: options.keepAliveMs,
    });
  } catch (thrown) {
    return createProblemResponse(thrown, { logger, timeZone, ...statusOf(thrown, operation, context) });
  }
}

/** A condition of the call did not hold. */
function statusOf(thrown: unknown, { revision }: AnyOperation, context: Context): { status?: number } {
  const isCondition = revision?.expected !== undefined && context.req.header("if-match") !== undefined;
  return isCondition && thrown instanceof RoostError && thrown.code === "conflict" ? { status: 412 } : {};
}

function callOf(context: Context, options: RoutesOptions, ends: (AbortSignal | undefined)[]): Call {
  let signal: AbortSignal | undefined;
  const call: Call = {
    // Created on demand: most handlers do not use it, and it doubles the cost of a small request.
    get signal() {
      return (signal ??= AbortSignal.any(
        [context.req.raw.signal, options.shutdown, ...ends].filter((given) => given !== undefined),
      ));
    },
    principal: options.principalOf(context),
  };
  const traceparent = context.req.header("traceparent");
  const idempotencyKey = context.req.header("idempotency-key");
  if (traceparent !== undefined) call.traceparent = traceparent;
  if (idempotencyKey !== undefined) call.idempotencyKey = readIdempotencyKey(idempotencyKey);
  return call;
}

/** The same limits as the input field that some operations have instead. */
function readIdempotencyKey(given: string): string {
  if (given.length > 0 && given.length <= idCharsMax) return given;
  throw new RoostError(
    "invalid_input",
    `the header Idempotency-Key has ${given.length} characters: give one of 1 to ${idCharsMax}`,
  );
}

function refuseMethod(context: Context, methods: readonly string[], logger: Logger): Response {
  const allow = methods.join(", ");
  const error = new RoostError(
    "invalid_input",
    `${context.req.method} is not served at ${context.req.path}: use ${allow}`,
  );
  return createProblemResponse(error, { logger, status: 405, headers: { allow } });
}

function describe(thrown: unknown, { logger, status, timeZone }: TellOptions): Problem {
  const error = toRoostError(thrown);
  const instance = `urn:uuid:${createId()}`;
  if (error.code === "internal") logger.error("an operation failed", { instance, error: thrown });
  else if (isOfDatabase(error)) logger.warn("the database refused an operation", { instance, error: thrown });
  else logger.debug("an operation was refused", { instance, code: error.code, message: error.message });
  return toProblem(error, { instance, status, timeZone });
}

function routerPathOf(operation: AnyOperation): string {
  return operation.path.replaceAll(/\{(\w+)\}/g, ":$1");
}

/** Sorts fixed segments before parameters, because the router takes the first match. */
function inRoutingOrder(served: readonly ServedOperation[]): ServedOperation[] {
  const seen = new Set<string>();
  for (const { id, method, path } of served.map(({ operation }) => operation)) {
    for (const key of [id, `${method} ${path.replaceAll(/\{\w+\}/g, "{}")}`]) {
      if (seen.has(key)) throw new RoostError("internal", `two operations are ${key}: each needs its own`);
      seen.add(key);
    }
  }
  const sortKey = ({ operation }: ServedOperation) => operation.path.replaceAll(/\{\w+\}/g, "~");
  return served.toSorted((one, other) => (sortKey(one) < sortKey(other) ? -1 : 1));
}
