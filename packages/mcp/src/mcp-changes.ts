import type { ServerEvent } from "@modelcontextprotocol/server";

/** Who calls. Sessions and streams belong to an id. */
export interface McpCaller {
  readonly id: string;
}

/** A change of what is offered: a list, or the resource with an address. */
export type McpChange = ServerEvent;

/** Where changes come from. A caller hears only of what it may read. */
export interface McpChanges<Caller extends McpCaller> {
  subscribe(caller: Caller, listener: (change: McpChange) => void): McpSubscription;
}

export interface McpSubscription {
  /** Resolves when no change is missed any more, or it has ended: a client is told only then that it is subscribed. */
  stands: Promise<void>;
  end: () => void;
}
