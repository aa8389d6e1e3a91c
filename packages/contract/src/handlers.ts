/** Handlers of operations, and what a call carries beside its input. */
import type { z } from "zod";
import type { AnyOperation, Operation } from "./define-operation.ts";
import type { Principal } from "./principal.ts";

export interface Call {
  /** Aborted when the caller leaves, when its stream ends and when the server shuts down. */
  signal: AbortSignal;
  principal: Principal;
  /** W3C Trace Context of the caller. */
  traceparent?: string;
  /** What the caller sent as Idempotency-Key. */
  idempotencyKey?: string | undefined;
}

/** One server-sent event. */
export interface StreamItem<Data> {
  /** Position to resume from; omitted for items not worth repeating, such as parts of a text. */
  id?: string | undefined;
  /** Kind of the item; default "message". "end" and "problem" are reserved. */
  event?: string | undefined;
  data: Data;
}

/** Initial position of a stream: a reader cut off before the first item resumes here. Sent first or not at all, and hidden from readers. */
export interface StreamPlace {
  id: string;
  data?: undefined;
}

/** Every item has data: JSON has no undefined. */
export function isPlace(item: StreamItem<unknown> | StreamPlace): item is StreamPlace {
  return item.data === undefined && item.id !== undefined;
}

/** A handler of an unknown operation. */
export type AnyHandler = (input: never, call: Call) => unknown;

/** The input a handler receives, after its schema. */
export type InputOf<Op extends AnyOperation> = z.output<Op["input"]>;
/** The input a caller gives, before defaults. */
export type GivenOf<Op extends AnyOperation> = z.input<Op["input"]>;
/** The output a caller receives. */
export type OutputOf<Op extends AnyOperation> = z.output<Op["output"]>;
/** The output a handler returns, before defaults. */
export type ReturnedOf<Op extends AnyOperation> = z.input<Op["output"]>;

/**
 * Serves one operation. To refuse a stream with a status (not_found, …) its handler must throw before it returns the iterable; later errors reach
 * the reader as a `problem` event.
 */
export type Handler<Op extends AnyOperation> =
  Op extends Operation<string, z.ZodObject, z.ZodType, true>
    ? (input: InputOf<Op>, call: Call) => StreamOf<ReturnedOf<Op>> | Promise<StreamOf<ReturnedOf<Op>>>
    : (input: InputOf<Op>, call: Call) => ReturnedOf<Op> | Promise<ReturnedOf<Op>>;

type StreamOf<Data> = AsyncIterable<StreamItem<Data> | StreamPlace>;

/** Handlers by operation id. */
export type Handlers<Ops extends readonly AnyOperation[]> = {
  readonly [Op in Ops[number] as Op["id"]]: Handler<Op>;
};
