/**
 * The tools of servers as a source of tools: for agents whose definition names the server, with the effect class and labels that roost.yaml gives
 * them. Everything a server says is untrusted: its answers, its errors, and what it says of its tools.
 */
import { mkdir, readFile } from "node:fs/promises";
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { JsonSchemaInput, Tool, ToolResult } from "@roost/agent";
import {
  isJsonObject,
  storableText,
  toRoostError,
  writeFileDurably,
  type JsonObject,
  type JsonValue,
  type Logger,
} from "@roost/base";
import { joinLabels, parseLabels, untrustedFrom, type Labels } from "@roost/contract/labels";
import { partLimits, type Part } from "@roost/contract/part";
import { keepPart, type Memory } from "@roost/memory";
import type { ToolServerSettings } from "@roost/memory/settings";
import type { ToolsFor } from "../tools/create-tools-for.ts";
import type { ServerTool, ServerTools } from "./open-connection.ts";
import type { McpCalls } from "./share-mcp-host.ts";

export interface McpToolsOptions {
  memory: Memory;
  servers: Readonly<Record<string, ToolServerSettings>>;
  mcp: McpCalls;
  logger: Logger;
}

const nameCharsMax = 64;
/** How long a run waits for a server whose tools are not known yet. */
const listMsMax = 60_000;

export function createMcpTools(options: McpToolsOptions): ToolsFor {
  return async (run, { mcp: named = [] }) => {
    const lists = await Promise.all(named.map(async (server) => ({ server, list: await knownList(options, server) })));
    return lists.flatMap(({ server, list }) =>
      (list?.tools ?? []).map((tool) =>
        toTool(options, { server, settings: options.servers[server]!, tool, version: list!.version, runId: run.id }),
      ),
    );
  };
}

/** What is kept of it, or what it answers now. A server that cannot be started has no tools, and the run goes on. */
async function knownList(
  { memory, servers, mcp, logger }: McpToolsOptions,
  server: string,
): Promise<ServerTools | undefined> {
  const settings = servers[server];
  if (settings === undefined) return undefined;
  const kept = await readKept(memory.homeDir, server, settings);
  if (kept !== undefined) return kept;
  try {
    return await mcp.list(server, AbortSignal.timeout(listMsMax));
  } catch (error) {
    logger.warn("A server of tools has none to offer", { server, error: toRoostError(error).message });
    return undefined;
  }
}

interface Described {
  server: string;
  settings: ToolServerSettings;
  tool: ServerTool;
  version: string;
  runId: string;
}

function toTool(
  { memory, mcp }: McpToolsOptions,
  { server, settings, tool, version, runId }: Described,
): Tool<JsonObject> {
  const known = Object.hasOwn(settings.tools, tool.name) ? settings.tools[tool.name] : undefined;
  const declared = known ?? { effect: "unsafe" as const, labels: [], isOutside: true };
  const said = untrustedFrom("mcp", server);
  const labels =
    declared.labels.length === 0 ? said : joinLabels(said, parseLabels([...declared.labels, "trust:untrusted"]));
  return {
    name: nameOf(server, tool.name),
    description: tool.description === "" ? `A tool of ${server}.` : tool.description,
    input: inputOf(tool),
    effect: declared.effect,
    labelsOf: () => labels,
    descriptionLabels: said,
    // It stands in the reason that a person approves: a name is the server's words. Two that become alike have names of their own, and so grants.
    reach: () => ({
      target: `${server}.${tool.name.replace(/[^\w.:/@-]/g, "_").slice(0, nameCharsMax)}`,
      isOutside: declared.isOutside,
    }),
    timeoutMsMax: settings.timeout + 1_000,
    origin: { kind: "mcp", server, version },
    execute: async (input, { idempotencyKey, signal }) => {
      const call = { tool: tool.name, arguments: input, idempotencyKey, timeoutMs: settings.timeout };
      return toResult(memory, await mcp.call(server, call, signal), { server, labels, runId });
    },
  };
}

async function toResult(
  memory: Memory,
  result: JsonObject,
  { server, labels, runId }: { server: string; labels: Labels; runId: string },
): Promise<ToolResult> {
  const texts: string[] = [];
  const parts: Part[] = [];
  const content = Array.isArray(result["content"]) ? result["content"].filter(isJsonObject) : [];
  for (const piece of content) {
    const bytes = bytesOf(piece);
    if (bytes === undefined) texts.push(textOf(piece));
    else if (bytes.length > partLimits.bytesMax) texts.push(`(${bytes.length} bytes of ${server} are too many)`);
    else {
      const mediaType = typeof piece["mimeType"] === "string" ? piece["mimeType"] : "";
      parts.push(await keepPart(memory, { content: bytes, mediaType, labels, runId }));
    }
  }
  const text = storableText(texts.filter((each) => each !== "").join("\n"));
  if (result["isError"] === true)
    return { state: "failed", code: "internal", message: text || "it failed without a reason", labels };
  const structured = result["structuredContent"];
  const output = text === "" && parts.length === 0 && structured !== undefined ? structured : text;
  return { state: "done", output, labels, parts };
}

/** `files_read_text_file`; a name that is too long, or that another could have, ends in a hash of the whole. */
export function nameOf(server: string, tool: string): string {
  const plain = `${server}_${tool}`;
  if (plain.length <= nameCharsMax && /^[a-zA-Z0-9_-]+$/.test(plain)) return plain;
  const hash = createHash("sha256").update(plain).digest("hex").slice(0, 8);
  return `${plain.replace(/[^a-zA-Z0-9_-]/g, "_").slice(0, nameCharsMax - 9)}_${hash}`;
}

/** Only what any server means alike is checked here: its schemas may be odd, and it checks its arguments itself. */
function inputOf({ inputSchema }: ServerTool): JsonSchemaInput {
  const required = Array.isArray(inputSchema["required"]) ? inputSchema["required"] : [];
  return {
    jsonSchema: inputSchema,
    validate: (value) => {
      if (!isJsonObject(value)) return ["must be object"];
      return required.flatMap((name) =>
        typeof name === "string" && !Object.hasOwn(value, name) ? [`"${name}" is missing`] : [],
      );
    },
  };
}

function bytesOf(piece: JsonObject): Buffer | undefined {
  const { type, data, resource } = piece as { type?: JsonValue; data?: JsonValue; resource?: JsonValue };
  if ((type === "image" || type === "audio") && typeof data === "string") return Buffer.from(data, "base64");
  if (type !== "resource" || !isJsonObject(resource)) return undefined;
  return typeof resource["blob"] === "string" ? Buffer.from(resource["blob"], "base64") : undefined;
}

function textOf(piece: JsonObject): string {
  const { type, text, resource, uri } = piece as Record<string, JsonValue | undefined>;
  if (type === "text" && typeof text === "string") return text;
  if (type === "resource" && isJsonObject(resource) && typeof resource["text"] === "string") return resource["text"];
  if (type === "resource_link" && typeof uri === "string") return uri;
  return JSON.stringify(piece);
}

function keptPath(homeDir: string, server: string): string {
  return join(homeDir, ".roost", "mcp", `${server}.json`);
}

/** Of the same settings: another program has other tools. */
function fingerprint(settings: ToolServerSettings): string {
  const { command, url, env, headers } = settings;
  return createHash("sha256")
    .update(JSON.stringify([command, url, env, headers]))
    .digest("hex");
}

async function readKept(
  homeDir: string,
  server: string,
  settings: ToolServerSettings,
): Promise<ServerTools | undefined> {
  try {
    const kept = JSON.parse(await readFile(keptPath(homeDir, server), "utf8")) as { of: string; list: ServerTools };
    return kept.of === fingerprint(settings) ? kept.list : undefined;
  } catch {
    // It was never there, or is torn: the server is asked.
    return undefined;
  }
}

export async function keepToolList(
  homeDir: string,
  { server, settings, list }: { server: string; settings: ToolServerSettings; list: ServerTools },
): Promise<void> {
  await mkdir(join(homeDir, ".roost", "mcp"), { recursive: true, mode: 0o700 });
  const text = JSON.stringify({ of: fingerprint(settings), list });
  await writeFileDurably(keptPath(homeDir, server), text, { mode: 0o600 });
}
