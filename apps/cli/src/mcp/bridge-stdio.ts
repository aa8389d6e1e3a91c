/**
 * Carries the Model Context Protocol between standard streams and the gateway, in both of its eras. Understands of a message only what says how to send
 * it: what is offered, and to whom, the gateway decides alone.
 */
import type { Readable } from "node:stream";
import { jsonObjectOf, readLines, RoostError, toRoostError } from "@roost/base";
import { createMcpLink, readMessages, type McpLinkOptions } from "./create-mcp-link.ts";
import { idOf, readWireMessage, type WireId, type WireMessage } from "./wire-message.ts";

export interface BridgeOptions {
  input: Readable;
  write: (line: string) => void;
  connect: McpLinkOptions["connect"];
}

const lineCharsMax = 8 * 1024 * 1024;
const inFlightMax = 100;
const internal = -32_603;
const unreadable = -32_700;

/** Resolves when the input ends. */
export async function bridgeStdio({ input, write, connect }: BridgeOptions): Promise<void> {
  const ending = new AbortController();
  const inFlight = new Map<WireId, AbortController>();
  const tell = (message: object) => write(`${JSON.stringify(message)}\n`);
  const fail = (id: WireId | null, code: number, message: string) =>
    tell({ jsonrpc: "2.0", id, error: { code, message } });
  const link = createMcpLink({ connect, tell, signal: ending.signal });

  async function pass(message: WireMessage): Promise<void> {
    const { method } = message;
    const id = idOf(message);
    const own = new AbortController();
    const signal = AbortSignal.any([own.signal, ending.signal]);
    if (id !== undefined) inFlight.set(id, own);
    try {
      const response = await (method === "initialize" ? link.begin(message, signal) : link.post(message, signal));
      if (response?.ok === true) await readMessages(response, tell);
      else if (response !== undefined) await refuse(id, response);
      if (method === "notifications/initialized") void link.listen();
    } catch (error) {
      if (!signal.aborted && id !== undefined)
        fail(id, internal, `The gateway did not answer: ${toRoostError(error).message}`);
    } finally {
      if (id !== undefined) inFlight.delete(id);
    }
  }

  async function refuse(id: WireId | undefined, response: Response): Promise<void> {
    const body = jsonObjectOf(await response.json().catch(() => undefined));
    if (id === undefined) return;
    const { code, message } = jsonObjectOf(body["error"]);
    const told = message ?? body["detail"] ?? body["title"] ?? `The gateway answered ${response.status}`;
    fail(id, typeof code === "number" ? code : internal, String(told));
  }

  for await (const line of readLines(input, { charsMax: lineCharsMax })) {
    if (line?.trim() === "") continue;
    const message = line === undefined ? undefined : readWireMessage(line);
    const cancelled = message && cancelledBy(message);
    if (message === undefined) fail(null, unreadable, `A line is no message of at most ${lineCharsMax} characters`);
    // Where each request stands alone, leaving it is how it is cancelled.
    else if (cancelled !== undefined && !link.hasSession) inFlight.get(cancelled)?.abort();
    else if (idOf(message) === undefined || message["method"] === "initialize") await pass(message);
    else if (inFlight.size < inFlightMax) void pass(message);
    else fail(idOf(message)!, internal, `${inFlightMax} requests are on their way (the limit): wait for one`);
  }
  ending.abort(new RoostError("unavailable", "The client has left"));
}

function cancelledBy({ method, params }: WireMessage): WireId | undefined {
  if (method !== "notifications/cancelled") return undefined;
  const { requestId } = jsonObjectOf(params);
  return typeof requestId === "string" || typeof requestId === "number" ? requestId : undefined;
}
