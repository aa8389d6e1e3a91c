/** Sends messages of the Model Context Protocol to the gateway. A session that the gateway does not know any more is opened again, as it was begun. */
import { backoffMs, jsonObjectOf, sleepUntilAborted } from "@roost/base";
import { createParser } from "eventsource-parser";
import { isUnreached } from "../connect.ts";
import { headersOf, readWireMessage, revisionOf, type WireMessage } from "./wire-message.ts";

export interface McpLinkOptions {
  /** Asked before each attempt: a gateway that starts again may have another address. */
  connect: () => Promise<{ url: string; token: string }>;
  tell: (message: WireMessage) => void;
  signal: AbortSignal;
}

export interface McpLink {
  /** The answer's head; a beginning is answered whole. */
  post(message: WireMessage, signal: AbortSignal): Promise<Response>;
  /** Begins a session, and tells what the gateway answers. */
  begin(initialize: WireMessage, signal: AbortSignal): Promise<Response | undefined>;
  /** Tells what the gateway says of its own, for as long as the session lasts. */
  listen(): Promise<void>;
  readonly hasSession: boolean;
}

interface Session {
  id: string | undefined;
  revision: string | undefined;
  initialize: WireMessage;
  listening: AbortController;
}

const attemptsMax = 8;
const retry = { firstMs: 100, maxMs: 2_000 };

export function createMcpLink({ connect, tell, signal: ending }: McpLinkOptions): McpLink {
  const send = createSend(connect);
  let session: Session | undefined;

  const sessionHeaders = (): Record<string, string> => ({
    ...(session?.id !== undefined && { "mcp-session-id": session.id }),
    ...(session?.revision !== undefined && { "mcp-protocol-version": session.revision }),
  });
  const sendInSession = (message: WireMessage, signal: AbortSignal) =>
    send({ method: "POST", body: JSON.stringify(message) }, sessionHeaders(), signal);

  async function open(initialize: WireMessage, signal: AbortSignal) {
    const response = await send({ method: "POST", body: JSON.stringify(initialize) }, {}, signal);
    if (!response.ok) return { response };
    let answer: WireMessage | undefined;
    await readMessages(response, (message) => (answer ??= message));
    session?.listening.abort();
    const id = response.headers.get("mcp-session-id") ?? undefined;
    const revision = jsonObjectOf(answer?.["result"])["protocolVersion"];
    const listening = new AbortController();
    session = { id, revision: typeof revision === "string" ? revision : undefined, initialize, listening };
    return { answer };
  }

  async function reopen(lost: Session): Promise<void> {
    if (session !== lost) return;
    await open(lost.initialize, ending);
    const initialized: WireMessage = { jsonrpc: "2.0", method: "notifications/initialized" };
    await (await sendInSession(initialized, ending)).body?.cancel();
    void listen();
  }

  async function listen(): Promise<void> {
    if (session === undefined) return;
    const signal = AbortSignal.any([session.listening.signal, ending]);
    for (let failures = 1; !signal.aborted; failures += 1) {
      try {
        const response = await send({ method: "GET" }, sessionHeaders(), signal);
        if (response.status !== 200) {
          // The next message opens the session again.
          await response.body?.cancel();
          return;
        }
        failures = 0;
        await readMessages(response, tell);
      } catch {
        // A lost stream is opened again.
      }
      await sleepUntilAborted(backoffMs(Math.max(1, failures), retry), { signal });
    }
  }

  return {
    get hasSession() {
      return session !== undefined;
    },
    async post(message, signal) {
      const revision = revisionOf(message);
      if (revision !== undefined)
        return send({ method: "POST", body: JSON.stringify(message) }, headersOf(message, revision), signal);
      const own = session;
      const response = await sendInSession(message, signal);
      if (response.status !== 404 || own === undefined) return response;
      await response.body?.cancel();
      await reopen(own);
      return sendInSession(message, signal);
    },
    async begin(initialize, signal) {
      const { answer, response } = await open(initialize, signal);
      if (answer !== undefined) tell(answer);
      return response;
    },
    listen,
  };
}

/** Retries while no gateway listens: nothing was sent. */
function createSend(connect: McpLinkOptions["connect"]) {
  return async (init: RequestInit, headers: Record<string, string>, signal: AbortSignal): Promise<Response> => {
    for (let failures = 1; ; failures += 1) {
      try {
        const { url, token } = await connect();
        return await fetch(`${url}/mcp`, {
          ...init,
          signal,
          redirect: "error",
          headers: {
            ...headers,
            authorization: `Bearer ${token}`,
            accept: init.method === "GET" ? "text/event-stream" : "application/json, text/event-stream",
            ...(init.body !== undefined && { "content-type": "application/json" }),
          },
        });
      } catch (error) {
        if (signal.aborted || failures === attemptsMax || !isUnreached(error)) throw error;
        await sleepUntilAborted(backoffMs(failures, retry), { signal });
      }
    }
  };
}

/** The messages of an answer: one, or a stream. */
export async function readMessages(response: Response, tell: (message: WireMessage) => void): Promise<void> {
  const read = (text: string) => {
    const message = readWireMessage(text);
    if (message !== undefined) tell(message);
  };
  if (!(response.headers.get("content-type") ?? "").startsWith("text/event-stream")) return read(await response.text());
  const parser = createParser({ onEvent: ({ data }) => read(data) });
  const decoder = new TextDecoder();
  for await (const bytes of response.body ?? []) parser.feed(decoder.decode(bytes, { stream: true }));
}
