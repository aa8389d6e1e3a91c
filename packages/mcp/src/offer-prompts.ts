import type { GetPromptResult, McpServer, Prompt, ServerContext } from "@modelcontextprotocol/server";
import { pageOfList } from "./page-of-list.ts";

export interface McpPrompts {
  list(): Promise<Prompt[]>;
  /** @throws ProtocolError for a prompt that is not there */
  get(name: string, given: Record<string, string>, context: ServerContext): Promise<GetPromptResult>;
}

/** Prompts that are listed for each caller, in place of `registerPrompt`. */
export function offerPrompts({ server }: McpServer, prompts: McpPrompts): void {
  server.registerCapabilities({ prompts: {} });
  server.setRequestHandler("prompts/list", async ({ params }) => {
    const { page, nextCursor } = pageOfList(await prompts.list(), params?.cursor);
    return { prompts: page, nextCursor };
  });
  server.setRequestHandler("prompts/get", ({ params }, context) =>
    prompts.get(params.name, params.arguments ?? {}, context),
  );
}
