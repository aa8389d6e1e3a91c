export { createMcpEndpoint, type McpEndpoint, type McpEndpointOptions } from "./create-mcp-endpoint.ts";
export type { McpCaller, McpChange, McpChanges } from "./mcp-changes.ts";
export { mcpLimits, type McpLimits } from "./mcp-limits.ts";
export { offerPrompts, type McpPrompts } from "./offer-prompts.ts";
export { offerTools, type McpTools } from "./offer-tools.ts";
