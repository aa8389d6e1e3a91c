/** Services of other makers for clients of the Model Context Protocol: called as agents call them, as far as the client's scopes go. */
import type { CallToolResult } from "@modelcontextprotocol/server";
import { readArguments, type Tool } from "@roost/agent";
import { createId, RoostError } from "@roost/base";
import { openLabels } from "@roost/contract/labels";
import { keepPart, namedPart, type Memory } from "@roost/memory";
import { resolveSecret } from "@roost/memory/settings";
import type { ThirdParties } from "@roost/service";
import { openThirdPartyCatalogue, type RunFiles } from "@roost/worker/third-parties";
import { isLoopback } from "../reached-services.ts";
import { leftToHome } from "../security/leave-to-home.ts";
import { hasScope, type McpClient } from "./mcp-client.ts";
import { tellContent } from "./tell-content.ts";

/** Of each client: those whose scope it has. */
export type ThirdPartyToolsOf = (client: McpClient) => Promise<Tool[]>;

export interface ThirdPartyToolsGiven {
  thirdParties: ThirdParties;
  memory: Memory;
  /** Where secrets by reference may be. */
  environment: NodeJS.ProcessEnv;
  /** Of the home's gateway, where this one is on another host: what stands at a loopback address stands there. */
  homeAddress: string | undefined;
}

export function createThirdPartyToolsOf({
  thirdParties,
  memory,
  environment,
  homeAddress,
}: ThirdPartyToolsGiven): ThirdPartyToolsOf {
  const { machineDir: homeDir, settings } = memory;
  const catalogue = openThirdPartyCatalogue({
    thirdParties,
    rules: { allow: settings.http.allow },
    clock: memory.kernel.clock,
    resolveSecret: (reference) => resolveSecret(reference, { homeDir, env: environment }),
  });
  const files: RunFiles = {
    find: async (id) => {
      throw new RoostError(
        "not_found",
        `${id.slice(0, 100)} cannot be sent from here: an agent sends files of the home`,
      );
    },
    keep: async ({ bytes, ...rest }) => namedPart(await keepPart(memory, { content: bytes, ...rest })),
  };
  return async (client) => {
    const all = (await catalogue(() => true, files)) as Tool[];
    const allowed = all.filter((tool) => hasScope(client, scopeOf(tool)));
    return homeAddress === undefined ? allowed : allowed.map((tool) => reachedFrom(tool, homeAddress));
  };
}

/** Another machine's loopback is not this one's: whatever listens here would be called in its place. */
function reachedFrom(tool: Tool, homeAddress: string): Tool {
  const { target, targets = [target] } = tool.reach!({});
  if (!targets.some((host) => isLoopback(`http://${host}`))) return tool;
  return {
    ...tool,
    execute: async () => {
      throw leftToHome(`${serviceOf(tool)}, which listens on a loopback address,`, homeAddress);
    },
  };
}

/** `shop.operations:read` for what changes nothing, `shop.operations:write` for the rest. */
function scopeOf(tool: Tool): string {
  return `${serviceOf(tool)}.operations:${tool.effect === "readonly" ? "read" : "write"}`;
}

export function serviceOf({ origin, name }: Tool): string {
  return origin?.kind === "service" ? origin.name : name;
}

/** What the service says is its own: marked, and between delimiters. @throws RoostError as its answer says */
export async function callThirdParty(
  tool: Tool,
  given: { input: object; signal: AbortSignal; idempotencyKey: string | undefined },
): Promise<CallToolResult> {
  const { input, signal, idempotencyKey = createId() } = given;
  const read = readArguments(tool, JSON.stringify(input));
  if (!read.isValid) throw new RoostError("invalid_input", read.message);
  // Of no run: its labels are told beside the answer.
  const call = { toolCallId: "", step: "", idempotencyKey, signal, attempt: 1, labels: openLabels };
  const result = await tool.execute(read.input, call);
  if (result.state === "waiting") throw new RoostError("internal", `${tool.name} cannot wait here`);
  const { labels = openLabels } = result;
  const tell = (text: string) => tellContent(text, { labels, from: serviceOf(tool) });
  if (result.state === "done") {
    const { text, meta } = tell(JSON.stringify(result.output));
    return { content: [{ type: "text", text }], _meta: { ...meta } };
  }
  // An error may be told in the service's own words.
  const code = result.state === "failed" ? result.code : "unavailable";
  const { text, meta } = tell(result.message);
  const said = result.state === "failed" ? text : `it is not known what happened: ${text}`;
  return {
    isError: true,
    content: [{ type: "text", text: `${code}: ${said}` }],
    _meta: { ...meta, "roost/code": code },
  };
}
