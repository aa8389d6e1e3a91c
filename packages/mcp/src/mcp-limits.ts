export interface McpLimits {
  /** Of a request. */
  bodyBytesMax: number;
  /** Sessions of the 2025 era: of all callers, and of one. */
  sessionsMax: number;
  sessionsPerCallerMax: number;
  /** A session without a request or an open stream for so long is closed. */
  sessionIdleMs: number;
  /** Resources that a session may subscribe to. */
  subscribedMax: number;
  /** Open streams of subscriptions: of all callers, and of one. */
  listensMax: number;
  listensPerCallerMax: number;
  /** How often an open stream shows that it is alive. */
  keepAliveMs: number;
}

export const mcpLimits: McpLimits = {
  bodyBytesMax: 2 * 1024 * 1024,
  sessionsMax: 200,
  sessionsPerCallerMax: 20,
  sessionIdleMs: 60 * 60_000,
  subscribedMax: 200,
  listensMax: 200,
  listensPerCallerMax: 20,
  keepAliveMs: 15_000,
};
