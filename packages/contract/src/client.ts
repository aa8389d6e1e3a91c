/** The type of all clients, in-process and HTTP. */
import type { z } from "zod";
import type { AnyOperation, Operation } from "./define-operation.ts";
import type { ReconnectOptions } from "./http-stream.ts";
import type { GivenOf, OutputOf, StreamItem } from "./handlers.ts";

export interface CallOptions {
  signal?: AbortSignal | undefined;
  /** Sent as Idempotency-Key: calls with the same key are one call. */
  idempotencyKey?: string | undefined;
  /** W3C Trace Context of the caller. */
  traceparent?: string | undefined;
  /** Time limit for an answer, in milliseconds. Does not end a stream. */
  timeoutMs?: number | undefined;
  /** Of a stream: how it reconnects. Default: as the client does. */
  reconnect?: Partial<ReconnectOptions> | undefined;
  /** Of a stream: told the position of each new connection, before its first item. */
  onPlace?: ((id: string) => void) | undefined;
}

/** The client of a contract. */
export type ClientOf<Contract extends { readonly operations: readonly AnyOperation[] }> = Client<
  Contract["operations"]
>;

type Method<Op extends AnyOperation> =
  Op extends Operation<string, z.ZodObject, z.ZodType, true>
    ? AsyncIterable<StreamItem<OutputOf<Op>>>
    : Promise<OutputOf<Op>>;

/** One method per operation, under its id. The input is optional when all its fields are. */
export type Client<Ops extends readonly AnyOperation[]> = {
  // oxlint-disable-next-line typescript/no-generated-empty-object-type -- the empty object is meant: its taker needs no input
  readonly [Op in Ops[number] as Op["id"]]: Record<never, never> extends GivenOf<Op>
    ? (input?: GivenOf<Op>, options?: CallOptions) => Method<Op>
    : (input: GivenOf<Op>, options?: CallOptions) => Method<Op>;
};
