/** What of a message of the Model Context Protocol decides how it is sent over HTTP. */
import { isJsonObject, jsonObjectOf, type JsonObject } from "@roost/base";

export type WireMessage = JsonObject & { jsonrpc: "2.0" };

export type WireId = string | number;

/** Undefined: not a message. */
export function readWireMessage(line: string): WireMessage | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isJsonObject(value) && value["jsonrpc"] === "2.0" ? (value as WireMessage) : undefined;
  } catch {
    return undefined;
  }
}

/** The id of a request, which waits for an answer; undefined for all other messages. */
export function idOf({ method, id }: WireMessage): WireId | undefined {
  return typeof method === "string" && (typeof id === "string" || typeof id === "number") ? id : undefined;
}

/** The revision that a message of the stateless era names; undefined: the message is of a session. */
export function revisionOf({ params }: WireMessage): string | undefined {
  const revision = jsonObjectOf(jsonObjectOf(params)["_meta"])["io.modelcontextprotocol/protocolVersion"];
  return typeof revision === "string" ? revision : undefined;
}

/** What the stateless era repeats of a message in headers. */
export function headersOf(message: WireMessage, revision: string): Record<string, string> {
  const { name, uri } = jsonObjectOf(message["params"]);
  const named = typeof name === "string" ? name : uri;
  return {
    "mcp-protocol-version": revision,
    "mcp-method": String(message["method"]),
    ...(typeof named === "string" && isNamed.has(String(message["method"])) && { "mcp-name": encode(named) }),
  };
}

const isNamed: ReadonlySet<string> = new Set(["tools/call", "prompts/get", "resources/read"]);

function encode(text: string): string {
  if (/^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/.test(text) && !text.startsWith("=?base64?")) return text;
  return `=?base64?${Buffer.from(text).toString("base64")}?=`;
}
