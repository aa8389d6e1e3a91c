/**
 * One address for both eras of the protocol: 2026-07-28, where each request stands alone, and 2025, with sessions. Callers are authenticated, and
 * their Host and Origin checked, before a request comes here.
 */
import {
  createMcpHandler,
  InMemoryServerEventBus,
  isJsonContentType,
  isLegacyRequest,
  ProtocolErrorCode,
  readRequestBody,
  type McpHttpHandler,
  type McpServer,
  type ServerEventBus,
} from "@modelcontextprotocol/server";
import type { Clock, Logger } from "@roost/base";
import { createMcpSessions } from "./create-mcp-sessions.ts";
import type { McpCaller, McpChanges } from "./mcp-changes.ts";
import { mcpLimits, type McpLimits } from "./mcp-limits.ts";
import { refuse } from "./refuse.ts";
import { declareSubscriptions } from "./subscribe-session.ts";

export interface McpEndpointOptions<Caller extends McpCaller> {
  /** Makes what is offered to a caller: for each request, or each session of the 2025 era. */
  createServer: (caller: Caller) => McpServer | Promise<McpServer>;
  /** Without it there are no subscriptions. */
  changes?: McpChanges<Caller>;
  limits?: Partial<McpLimits>;
  clock: Clock;
  /** Ids of sessions: they must be unguessable. */
  createId: () => string;
  logger: Logger;
}

export interface McpEndpoint<Caller extends McpCaller> extends AsyncDisposable {
  fetch(request: Request, caller: Caller): Promise<Response>;
}

export function createMcpEndpoint<Caller extends McpCaller>(options: McpEndpointOptions<Caller>): McpEndpoint<Caller> {
  const { createServer, changes, logger } = options;
  const limits: McpLimits = { ...mcpLimits, ...options.limits };
  const sessions = createMcpSessions({ ...options, changes, limits });
  /** Open streams of subscriptions, by their handlers. */
  const listens = new Map<McpHttpHandler, { callerId: string; stands: Promise<void> }>();

  /** A handler for one request: its subscriptions hear only of what its caller may read. */
  function createHandler(caller: Caller): McpHttpHandler {
    const ofCaller = [...listens.values()].filter(({ callerId }) => callerId === caller.id).length;
    const isFull = listens.size >= limits.listensMax || ofCaller >= limits.listensPerCallerMax;
    const bus = (of: McpChanges<Caller>): ServerEventBus => ({
      publish: () => undefined,
      subscribe(listener) {
        const { stands, end } = of.subscribe(caller, listener);
        listens.set(handler, { callerId: caller.id, stands });
        return () => {
          listens.delete(handler);
          end();
        };
      },
    });
    const create = async () => {
      const mcp = await createServer(caller);
      if (changes !== undefined) declareSubscriptions(mcp);
      return mcp;
    };
    const handler: McpHttpHandler = createMcpHandler(create, {
      legacy: "reject",
      bus: changes === undefined ? new InMemoryServerEventBus() : bus(changes),
      maxSubscriptions: isFull ? 0 : 1,
      keepAliveMs: limits.keepAliveMs,
      onerror: (error) => logger.debug("A request of a client was refused", { error }),
    });
    return handler;
  }

  return {
    async fetch(request, caller) {
      let parsedBody: unknown;
      if (request.method === "POST") {
        if (!isJsonContentType(request.headers.get("content-type")))
          return refuse(415, "The body must be application/json: send that content type");
        const read = await readRequestBody(request, limits.bodyBytesMax);
        if (read.tooLarge) return refuse(413, `The body is longer than ${limits.bodyBytesMax} bytes: send less`);
        try {
          parsedBody = JSON.parse(read.text);
        } catch {
          return refuse(400, "The body is not JSON", ProtocolErrorCode.ParseError);
        }
      }
      if (await isLegacyRequest(request, parsedBody)) return sessions.answer(request, caller, parsedBody);
      const handler = createHandler(caller);
      const response = await handler.fetch(request, { parsedBody });
      // The stream of a subscription begins with its confirmation.
      await listens.get(handler)?.stands;
      return response;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([sessions.close(), ...[...listens.keys()].map((handler) => handler.close())]);
    },
  };
}
