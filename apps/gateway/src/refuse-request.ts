/** Answers a malformed or incomplete HTTP request with a problem document. */
import { STATUS_CODES, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { createId, RoostError } from "@roost/base";
import { problemMediaType, toProblem } from "@roost/contract";
import { sendOpenAiError, toOpenAiError } from "@roost/proxy";

/** For a parsed request whose address or host is unreadable. */
export function refuseRequest(error: unknown): Response {
  const { status, body } = describe(400, `the request has no readable address: ${(error as Error).message}`);
  return new Response(body, { status, headers: { "content-type": problemMediaType, "cache-control": "no-store" } });
}

/** For a caller beyond the connection limit; in the words of the door that it asked. */
export function refuseBusy(response: ServerResponse, connectionsMax: number, url = ""): void {
  const message = `${connectionsMax} connections with a token are open (the limit): close some`;
  if (url.startsWith("/v1/")) {
    response.setHeader("connection", "close");
    const error = new RoostError("unavailable", message, { details: { retryAfterS: 1 } });
    return sendOpenAiError(response, toOpenAiError(error));
  }
  const { status, body } = describe(503, message);
  response.writeHead(status, {
    "content-type": problemMediaType,
    "cache-control": "no-store",
    "retry-after": "1",
    connection: "close",
  });
  response.end(body);
}

/** For bytes that are not HTTP. The connection is closed, since the next request cannot be found. */
export function refuseBytes(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, body } =
    error.code === "HPE_HEADER_OVERFLOW"
      ? describe(431, "the request's headers are too long: send fewer")
      : error.code === "ERR_HTTP_REQUEST_TIMEOUT"
        ? describe(408, "the request did not arrive in time: send it at once")
        : describe(400, `this is not an HTTP request: ${error.message}`);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `content-type: ${problemMediaType}`,
    `content-length: ${Buffer.byteLength(body)}`,
    "cache-control: no-store",
    "connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}

function describe(status: number, message: string): { status: number; body: string } {
  const code = status === 408 ? "timeout" : status === 503 ? "unavailable" : "invalid_input";
  const error = new RoostError(code, message);
  return { status, body: JSON.stringify(toProblem(error, { instance: `urn:uuid:${createId()}`, status })) };
}
