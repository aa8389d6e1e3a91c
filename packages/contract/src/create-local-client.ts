/**
 * A client that calls handlers in this process, with HTTP's checks but no serialization. A caller that gives up returns at once, as over HTTP; the
 * handler is told by its signal.
 */
import { formatDurationMs, RoostError, unlessAborted } from "@roost/base";
import type { CallOptions, Client } from "./client.ts";
import type { AnyOperation } from "./define-operation.ts";
import type { ServiceContract } from "./define-service.ts";
import { isPlace, type Call, type Handlers, type StreamItem, type StreamPlace } from "./handlers.ts";
import type { Principal } from "./principal.ts";
import { openOperationStream, runOperation, type KeepAnswer } from "./run-operation.ts";
import { serveAll, type ServedOperation } from "./serve.ts";

export interface LocalClientOptions {
  /** The principal of the calls. */
  principal: Principal;
  /** Without it, idempotency keys are passed to the handlers only. */
  keepAnswer?: KeepAnswer;
}

export function createLocalClient<const Ops extends readonly AnyOperation[]>(
  contract: ServiceContract<Ops>,
  handlers: NoInfer<Handlers<Ops>>,
  options: LocalClientOptions,
): Client<Ops> {
  const client: Record<string, unknown> = {};
  for (const served of serveAll(contract, handlers).served) {
    const open = served.operation.stream ? streamLocally : askLocally;
    client[served.operation.id] = (given: unknown = {}, callOptions: CallOptions = {}) =>
      open(served, given, { ...callOptions, ...options });
  }
  return client as Client<Ops>;
}

type LocalCallOptions = CallOptions & LocalClientOptions;

async function askLocally(served: ServedOperation, given: unknown, options: LocalCallOptions): Promise<unknown> {
  const ending = new AbortController();
  const { timeoutMs } = options;
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          const message = `${served.operation.id} did not answer within ${formatDurationMs(timeoutMs)}`;
          ending.abort(new RoostError("timeout", message));
        }, timeoutMs);
  try {
    const call = callOf(options, ending.signal);
    return await unlessAborted(
      call.signal,
      async () => (await runOperation(served, given, call, options.keepAnswer)).output,
    );
  } finally {
    clearTimeout(timer);
  }
}

async function* streamLocally(
  served: ServedOperation,
  given: unknown,
  options: LocalCallOptions,
): AsyncGenerator<StreamItem<unknown>> {
  const ending = new AbortController();
  const call = callOf(options, ending.signal);
  let iterator: AsyncIterator<StreamItem<unknown> | StreamPlace> | undefined;
  try {
    const items = await unlessAborted(call.signal, () => openOperationStream(served, given, call));
    const opened = (iterator = items[Symbol.asyncIterator]());
    for (;;) {
      const result = await unlessAborted(call.signal, () => opened.next());
      if (result.done === true) return;
      if (!isPlace(result.value)) yield result.value;
    }
  } finally {
    ending.abort();
    // Not awaited: a handler that ignores its signal must not delay the leaving reader.
    void Promise.resolve(iterator?.return?.()).catch(() => {});
  }
}

function callOf(options: LocalCallOptions, ending: AbortSignal): Call {
  const call: Call = {
    signal: options.signal === undefined ? ending : AbortSignal.any([options.signal, ending]),
    principal: options.principal,
  };
  if (options.traceparent !== undefined) call.traceparent = options.traceparent;
  if (options.idempotencyKey !== undefined) call.idempotencyKey = options.idempotencyKey;
  return call;
}
