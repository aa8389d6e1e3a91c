import type { ServerEvent } from "@modelcontextprotocol/server";

/** Who calls. Sessions and streams belong to an id. */
export interface McpCaller {
  readonly id: string;
}

/** A change of what is offered: a list, or the resource with an address. */
export type McpChange = ServerEvent;

/** Where changes come from. A caller hears only of what it may read. */
export interface McpChanges<Caller extends McpCaller> {
  /** Returns what ends it. */
  subscribe(caller: Caller, listener: (change: McpChange) => void): () => void;
}
