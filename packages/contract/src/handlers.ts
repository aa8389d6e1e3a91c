/** What serves operations, and what a call knows beside its input. */
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
  idempotencyKey?: string;
}

/** One server-sent event. */
export interface StreamItem<Data> {
  /** Where a reader that comes back goes on from; left out for what is not worth repeating, like a part of a text. */
  id?: string | undefined;
  /** Kind of the item; "message" when left out. "end" and "problem" belong to the protocol. */
  event?: string | undefined;
  data: Data;
}

/**
 * The place of a stream before its first item: who is cut off before anything has happened goes on from there. Given first or not
 * at all; readers are not shown it.
 */
export interface StreamPlace {
  id: string;
  data?: undefined;
}

/** No item is without data: JSON has no undefined. */
export function isPlace(item: StreamItem<unknown> | StreamPlace): item is StreamPlace {
  return item.data === undefined && item.id !== undefined;
}

/** Of an operation of which nothing is known. */
export type AnyHandler = (input: never, call: Call) => unknown;

/** What a handler is given: the input after its schema. */
export type InputOf<Op extends AnyOperation> = z.output<Op["input"]>;
/** What a caller gives: the input before defaults are filled in. */
export type GivenOf<Op extends AnyOperation> = z.input<Op["input"]>;
/** What a caller gets. */
export type OutputOf<Op extends AnyOperation> = z.output<Op["output"]>;
/** What a handler returns: the output before defaults are filled in. */
export type ReturnedOf<Op extends AnyOperation> = z.input<Op["output"]>;

/**
 * Serves one operation. A stream's handler that wants to refuse with a status (not_found, …) is an async function that
 * throws before it returns its iterable: what is thrown later reaches the reader as a `problem` event.
 */
export type Handler<Op extends AnyOperation> =
  Op extends Operation<string, z.ZodObject, z.ZodType, true>
    ? (input: InputOf<Op>, call: Call) => StreamOf<ReturnedOf<Op>> | Promise<StreamOf<ReturnedOf<Op>>>
    : (input: InputOf<Op>, call: Call) => ReturnedOf<Op> | Promise<ReturnedOf<Op>>;

type StreamOf<Data> = AsyncIterable<StreamItem<Data> | StreamPlace>;

/** One handler per operation, under its id. */
export type Handlers<Ops extends readonly AnyOperation[]> = {
  readonly [Op in Ops[number] as Op["id"]]: Handler<Op>;
};
