/**
 * The 2025 era: a client opens a session by `initialize` and names it in each later request. Sessions are in memory: one that is gone is answered 404,
 * upon which clients open another.
 */
import {
  isInitializeRequest,
  WebStandardStreamableHTTPServerTransport,
  type JSONRPCMessage,
  type McpServer,
} from "@modelcontextprotocol/server";
import type { Clock, Logger } from "@roost/base";
import type { McpCaller, McpChanges } from "./mcp-changes.ts";
import type { McpLimits } from "./mcp-limits.ts";
import { refuse } from "./refuse.ts";
import { subscribeSession } from "./subscribe-session.ts";

export interface McpSessionsOptions<Caller extends McpCaller> {
  createServer: (caller: Caller) => McpServer | Promise<McpServer>;
  changes: McpChanges<Caller> | undefined;
  limits: McpLimits;
  clock: Clock;
  createId: () => string;
  logger: Logger;
}

export interface McpSessions<Caller extends McpCaller> {
  answer(request: Request, caller: Caller, parsedBody: unknown): Promise<Response>;
  close(): Promise<void>;
}

interface Session {
  callerId: string;
  transport: WebStandardStreamableHTTPServerTransport;
  touchedMs: number;
  /** Open streams on which it is told of changes. */
  streamCount: number;
  end(): Promise<void>;
}

const sessionHeader = "mcp-session-id";
/** What the specification tells clients to open another session upon. */
const goneCode = -32_001;

export function createMcpSessions<Caller extends McpCaller>(options: McpSessionsOptions<Caller>): McpSessions<Caller> {
  const { createServer, changes, limits, clock, logger } = options;
  /** The one that was used last stands last. */
  const sessions = new Map<string, Session>();

  const drop = async (id: string) => {
    const session = sessions.get(id);
    sessions.delete(id);
    await session?.end().catch((error: unknown) => logger.warn("A session could not be closed", { error }));
  };
  const makeRoom = (caller: Caller) => {
    const idleMs = clock.nowMs() - limits.sessionIdleMs;
    for (const [id, { touchedMs, streamCount }] of sessions) if (streamCount === 0 && touchedMs < idleMs) void drop(id);
    const own = [...sessions].filter(([, { callerId }]) => callerId === caller.id);
    if (own.length >= limits.sessionsPerCallerMax) void drop(own[0]![0]);
    else if (sessions.size >= limits.sessionsMax) void drop(sessions.keys().next().value!);
  };

  async function open(request: Request, caller: Caller, parsedBody: unknown): Promise<Response> {
    makeRoom(caller);
    const mcp = await createServer(caller);
    const { subscribedMax } = limits;
    const stop = changes === undefined ? () => undefined : subscribeSession(mcp, { caller, changes, subscribedMax });
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: options.createId,
      onsessioninitialized: (id) => {
        const end = async () => {
          stop();
          await mcp.close();
        };
        sessions.set(id, { callerId: caller.id, transport, touchedMs: clock.nowMs(), streamCount: 0, end });
      },
      onsessionclosed: (id) => {
        sessions.delete(id);
        stop();
      },
      keepAliveMs: limits.keepAliveMs,
    });
    await mcp.connect(transport);
    return transport.handleRequest(request, { parsedBody });
  }

  return {
    async answer(request, caller, parsedBody) {
      const id = request.headers.get(sessionHeader);
      if (id === null) {
        if (isBeginning(parsedBody)) return open(request, caller, parsedBody);
        return refuse(400, "Open a session first, by initialize, and send its mcp-session-id with each request");
      }
      const session = sessions.get(id);
      if (session?.callerId !== caller.id) return refuse(404, "The session is not known: open another", goneCode);
      sessions.delete(id);
      sessions.set(id, session);
      session.touchedMs = clock.nowMs();
      if (request.method === "GET") {
        session.streamCount += 1;
        const onEnd = () => {
          session.streamCount -= 1;
          session.touchedMs = clock.nowMs();
        };
        request.signal.addEventListener("abort", onEnd, { once: true });
      }
      return session.transport.handleRequest(request, { parsedBody });
    },
    async close() {
      await Promise.all([...sessions.keys()].map(drop));
    },
  };
}

function isBeginning(body: unknown): boolean {
  const messages = (Array.isArray(body) ? body : [body]) as JSONRPCMessage[];
  return messages.some(isInitializeRequest);
}
