/**
 * Ends requests that do not arrive: those of which too little comes. A slow line that moves is none of them, however long a large body takes. Node's own
 * limit is of the whole request, so that the size of what may be sent would depend on the line.
 */
import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";

export interface SilenceLimits {
  /** Within any such time there has to come `bytesMin`, or the end of the request. */
  withinMs: number;
  bytesMin: number;
  /** How often it is checked. */
  checkMs: number;
  /** That of the times. Default: that of this process. */
  nowMs?: (() => number) | undefined;
}

interface Arriving {
  request: IncomingMessage;
  sinceMs: number;
  /** Of the connection, then. */
  bytesRead: number;
}

/** Tells the server of one that is late as Node does, by `clientError`. Ends when the server closes. */
export function limitSilence(
  server: Server,
  { withinMs, bytesMin, checkMs, nowMs: readMs = () => performance.now() }: SilenceLimits,
): void {
  const arriving = new Map<Socket, Arriving>();
  server.prependListener("request", (request: IncomingMessage) => {
    const { socket } = request;
    arriving.set(socket, { request, sinceMs: readMs(), bytesRead: socket.bytesRead });
    request.once("close", () => {
      if (arriving.get(socket)?.request === request) arriving.delete(socket);
    });
  });
  const timer = setInterval(() => {
    const nowMs = readMs();
    for (const [socket, one] of arriving) {
      if (one.request.complete) arriving.delete(socket);
      else if (nowMs - one.sinceMs < withinMs) continue;
      else if (socket.bytesRead - one.bytesRead >= bytesMin)
        arriving.set(socket, { ...one, sinceMs: nowMs, bytesRead: socket.bytesRead });
      else {
        arriving.delete(socket);
        const late = Object.assign(new Error("the request did not arrive"), { code: "ERR_HTTP_REQUEST_TIMEOUT" });
        server.emit("clientError", late, socket);
      }
    }
  }, checkMs);
  timer.unref();
  server.once("close", () => clearInterval(timer));
}
