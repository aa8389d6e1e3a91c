/** Subscriptions of the 2025 era: they belong to a session, whose stream tells of changes. */
import { ProtocolError, ProtocolErrorCode, type McpServer } from "@modelcontextprotocol/server";
import type { McpCaller, McpChange, McpChanges, McpSubscription } from "./mcp-changes.ts";

/** Says that resources may be subscribed to, where there are any. False: there are none. */
export function declareSubscriptions({ server }: McpServer): boolean {
  if (server.getCapabilities().resources === undefined) return false;
  server.registerCapabilities({ resources: { subscribe: true, listChanged: true } });
  return true;
}

/** Returns what ends them. To be called before the server is connected. */
export function subscribeSession<Caller extends McpCaller>(
  mcp: McpServer,
  { caller, changes, subscribedMax }: { caller: Caller; changes: McpChanges<Caller>; subscribedMax: number },
): () => void {
  const { server } = mcp;
  const addresses = new Set<string>();
  let subscription: McpSubscription | undefined;
  const tell = (change: McpChange) => {
    if (change.kind !== "resource_updated" || !addresses.has(change.uri)) return;
    // A client without an open stream misses it, as the protocol has it.
    void server.sendResourceUpdated({ uri: change.uri }).catch(() => undefined);
  };
  if (!declareSubscriptions(mcp)) return () => undefined;
  server.setRequestHandler("resources/subscribe", async ({ params: { uri } }) => {
    if (addresses.size >= subscribedMax && !addresses.has(uri))
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, `There are ${subscribedMax} subscriptions (the limit)`);
    addresses.add(uri);
    subscription ??= changes.subscribe(caller, tell);
    await subscription.stands;
    return {};
  });
  server.setRequestHandler("resources/unsubscribe", ({ params: { uri } }) => {
    addresses.delete(uri);
    if (addresses.size === 0) stop();
    return {};
  });
  const stop = () => {
    subscription?.end();
    subscription = undefined;
  };
  return stop;
}
