import { ProtocolErrorCode } from "@modelcontextprotocol/server";

/** A refusal of a whole request, in the protocol's form. */
export function refuse(status: number, message: string, code: number = ProtocolErrorCode.InvalidRequest): Response {
  const body = { jsonrpc: "2.0", id: null, error: { code, message } };
  return Response.json(body, { status, headers: { "cache-control": "no-store" } });
}
