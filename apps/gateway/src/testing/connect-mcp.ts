import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";

export interface McpConnection extends AsyncDisposable {
  client: Client;
}

/** The official client, at a gateway. `mode`: the era of the protocol; auto: the newest that both know. */
export async function connectMcp(
  url: string,
  { token, mode = "auto" }: { token: string; mode?: "auto" | "legacy" | undefined },
): Promise<McpConnection> {
  const client = new Client({ name: "test", version: "1" }, { capabilities: {}, versionNegotiation: { mode } });
  const headers = { authorization: `Bearer ${token}` };
  await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit: { headers } }));
  return { client, [Symbol.asyncDispose]: () => client.close() };
}

export function textOfMcp(result: { content?: unknown }): string {
  return (result.content as { text: string }[]).map(({ text }) => text).join("");
}
