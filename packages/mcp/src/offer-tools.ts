import type { CallToolResult, McpServer, ServerContext, Tool } from "@modelcontextprotocol/server";
import { pageOfList } from "./page-of-list.ts";

export interface McpTools {
  list(): Promise<Tool[]>;
  /** Checks the arguments itself. @throws ProtocolError for a tool that is not there */
  call(name: string, given: Record<string, unknown>, context: ServerContext): Promise<CallToolResult>;
}

/** Tools that are listed for each caller, in place of `registerTool`. */
export function offerTools({ server }: McpServer, tools: McpTools): void {
  server.registerCapabilities({ tools: {} });
  server.setRequestHandler("tools/list", async ({ params }) => {
    const { page, nextCursor } = pageOfList(await tools.list(), params?.cursor);
    return { tools: page, nextCursor };
  });
  server.setRequestHandler("tools/call", ({ params }, context) =>
    tools.call(params.name, params.arguments ?? {}, context),
  );
}
