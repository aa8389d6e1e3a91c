/**
 * One connection to a server of tools, over its standard streams or HTTP. What the server sends is read leniently, cut to limits, and believed in
 * nothing: neither what its tools do nor what their schemas promise. The secrets that it was given are taken out of it.
 */
import { StringDecoder } from "node:string_decoder";
import type * as McpClient from "@modelcontextprotocol/client";
import type { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { jsonObjectOf, RoostError, toRoostError, type JsonObject } from "@roost/base";
import { resolveReferences, type SecretSources, type ToolServerSettings } from "@roost/memory/settings";
import { z } from "zod";
import { killAll, readProcessTree } from "@roost/sandbox";
import { createRedaction, type Redaction } from "../tools/third-parties/create-redaction.ts";

const connectionLimits = {
  toolsMax: 500,
  pagesMax: 50,
  descriptionCharsMax: 2_000,
  schemaCharsMax: 20_000,
  /** Of one message of the server. */
  messageBytesMax: 32 * 1024 * 1024,
  connectMsMax: 60_000,
  stderrCharsMax: 2_000,
} as const;

/** A tool as its server describes it. */
export interface ServerTool {
  name: string;
  description: string;
  inputSchema: JsonObject;
}

export interface ServerTools {
  version: string;
  tools: ServerTool[];
}

export interface ServerCall {
  tool: string;
  arguments: JsonObject;
  /** The same for every attempt. */
  idempotencyKey: string;
  timeoutMs: number;
}

export interface ServerConnection {
  /** Of its process; undefined: it is reached over HTTP. */
  pid: number | undefined;
  /** Resolves when the server has ended or hung up. */
  closed: Promise<void>;
  /** The last lines that it wrote of its own. */
  stderr(): string;
  list(signal: AbortSignal): Promise<ServerTools>;
  /** The result as the server sent it. */
  call(call: ServerCall, signal: AbortSignal): Promise<JsonObject>;
  close(): Promise<void>;
}

const Listed = z.looseObject({ tools: z.array(z.unknown()), nextCursor: z.string().optional().catch(undefined) });
const Called = z.looseObject({});

/** @throws RoostError `unavailable`, `invalid_input` for a secret that is missing */
export async function openConnection(
  settings: ToolServerSettings,
  { secrets, signal }: { secrets: SecretSources; signal: AbortSignal },
): Promise<ServerConnection> {
  // A worker without servers of tools does not need it.
  const mcp = await import("@modelcontextprotocol/client");
  const redaction = createRedaction();
  const transport = await createTransport(mcp, settings, { secrets, redaction });
  const isHttp = transport instanceof mcp.StreamableHTTPClientTransport;
  // It is asked for nothing: no sampling, no files, no questions to the person.
  const client = new mcp.Client(
    { name: "roost", version: "1" },
    { capabilities: {}, versionNegotiation: { mode: isHttp ? "auto" : "legacy" } },
  );
  const closed = Promise.withResolvers<void>();
  Object.assign(client, { onclose: () => closed.resolve() });
  const stderr = isHttp ? () => "" : keepEnd(transport, redaction);
  const close = async () => {
    // Its children may outlive it.
    const pid = isHttp ? null : transport.pid;
    const tree = pid === null ? [] : (await readProcessTree(pid)).pids;
    await client.close().catch(() => undefined);
    killAll(tree);
    closed.resolve();
  };
  try {
    await without(redaction, async () => {
      await client.connect(transport, { signal, timeout: connectionLimits.connectMsMax });
    });
  } catch (error) {
    await close();
    const said = stderr();
    const why = `${toRoostError(error).message}${said === "" ? "" : `; it wrote: ${said}`}`;
    throw new RoostError("unavailable", `it could not be started: ${why}`, { cause: error });
  }
  return {
    pid: isHttp ? undefined : (transport.pid ?? undefined),
    closed: closed.promise,
    stderr,
    list: (of) => without(redaction, () => listTools(client, { redaction, signal: of })),
    call: async (call, of) => {
      const params = {
        name: call.tool,
        arguments: call.arguments,
        _meta: { "roost/idempotencyKey": call.idempotencyKey },
      };
      const options = { signal: of, timeout: call.timeoutMs };
      const send = () => client.request({ method: "tools/call", params }, Called, options);
      return without(redaction, async () => cleaned(redaction, await send()) as JsonObject);
    },
    close,
  };
}

async function createTransport(
  mcp: typeof McpClient,
  { command, url, env, headers }: ToolServerSettings,
  { secrets, redaction }: { secrets: SecretSources; redaction: Redaction },
) {
  const resolve = async (given: Record<string, string>) => {
    const resolved = await resolveReferences(given, secrets);
    for (const [name, value] of Object.entries(resolved))
      if (value !== given[name]) redaction.add(value, { name, written: value });
    return resolved;
  };
  if (url !== undefined)
    return new mcp.StreamableHTTPClientTransport(new URL(url), {
      requestInit: { headers: await resolve(headers), redirect: "error" },
    });
  const { getDefaultEnvironment, StdioClientTransport: StdioTransport } =
    await import("@modelcontextprotocol/client/stdio");
  const [program, ...args] = command!;
  return new StdioTransport({
    command: program!,
    args,
    cwd: secrets.homeDir,
    env: { ...getDefaultEnvironment(), ...(await resolve(env)) },
    stderr: "pipe",
    maxBufferSize: connectionLimits.messageBytesMax,
  });
}

function keepEnd(transport: StdioClientTransport, redaction: Redaction): () => string {
  let end = "";
  let isCut = false;
  const decoder = new StringDecoder("utf8");
  const { stderrCharsMax } = connectionLimits;
  transport.stderr?.on("data", (chunk: Buffer) => {
    const all = end + decoder.write(chunk);
    end = all.slice(-(stderrCharsMax + 2 * redaction.charsMax));
    isCut ||= end.length < all.length;
  });
  return () => {
    const said = redaction.clean(end);
    // What was cut may begin with the rest of a secret, which is not known for one.
    const whole = isCut ? said.slice(redaction.charsMax) : said;
    return whole.slice(-stderrCharsMax).trim().toWellFormed();
  };
}

/** Why it does not answer, without the secrets that it was given. The error as it came is not kept: its cause and data may hold them. */
async function without<Answer>(redaction: Redaction, ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    const { code, message } = toRoostError(error);
    throw new RoostError(code, redaction.clean(message));
  }
}

/** What says what a schema means. */
const wordsOfSchema = new Set(["$schema", "$id", "$ref", "type", "format", "pattern", "required"]);

/**
 * What a server sent, in all its texts and names: a tool may show the environment of its server. Of a schema the names and the words above stay as they
 * are: a secret that is also one of them would leave a tool that cannot be called.
 */
function cleaned(redaction: Redaction, value: unknown, { isSchema = false } = {}): unknown {
  if (typeof value === "string") return redaction.clean(value);
  if (Array.isArray(value)) return value.map((each) => cleaned(redaction, each, { isSchema }));
  if (typeof value !== "object" || value === null) return value;
  const cleanedOf = ([name, each]: [string, unknown]) => {
    const isWord = isSchema && wordsOfSchema.has(name) && (typeof each === "string" || Array.isArray(each));
    return [isSchema ? name : redaction.clean(name), isWord ? each : cleaned(redaction, each, { isSchema })] as const;
  };
  return Object.fromEntries(Object.entries(value).map(cleanedOf));
}

async function listTools(
  client: McpClient.Client,
  { redaction, signal }: { redaction: Redaction; signal: AbortSignal },
): Promise<ServerTools> {
  const tools: ServerTool[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < connectionLimits.pagesMax && tools.length < connectionLimits.toolsMax; page += 1) {
    const params = cursor === undefined ? {} : { cursor };
    const answer = await client.request({ method: "tools/list", params }, Listed, { signal });
    for (const tool of answer.tools) {
      const read = readTool(tool, redaction);
      if (read !== undefined && tools.every(({ name }) => name !== read.name)) tools.push(read);
    }
    cursor = answer.nextCursor;
    if (cursor === undefined) break;
  }
  const { name, version } = client.getServerVersion() ?? { name: "?", version: "?" };
  return {
    version: redaction.clean(`${name} ${version}`).slice(0, 100),
    tools: tools.slice(0, connectionLimits.toolsMax),
  };
}

/** Undefined: nothing that can be called. A schema that is none takes any object; the server checks its arguments itself. */
function readTool(value: unknown, redaction: Redaction): ServerTool | undefined {
  const { name, description, inputSchema } = (value ?? {}) as Record<string, unknown>;
  if (typeof name !== "string" || name === "" || name.length > 200) return undefined;
  const text = typeof description === "string" ? redaction.clean(description) : "";
  const given = jsonObjectOf(cleaned(redaction, inputSchema, { isSchema: true }));
  const schema = JSON.stringify(given).length <= connectionLimits.schemaCharsMax ? given : {};
  return {
    name,
    description: text.slice(0, connectionLimits.descriptionCharsMax).toWellFormed(),
    inputSchema: {
      ...schema,
      type: "object",
      properties: jsonObjectOf(schema["properties"]),
    },
  };
}
