/**
 * Reserves connections for callers with a token. A connection without one is anonymous: few are kept, and the oldest is closed for the next. Checks
 * no token itself: the status of the answer tells.
 */
import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";

export interface ConnectionLimits {
  /** For callers with a token, streams included. */
  knownMax: number;
  /** For all others. */
  anonymousMax: number;
  /** What tells of a new connection. Default: connection; of a server with TLS it is secureConnection. */
  event?: "connection" | "secureConnection";
}

export interface ConnectionGuard {
  /** Before a request is answered; false when too many callers with a token are connected. */
  begin(request: IncomingMessage): boolean;
  /** When its answer begins. */
  end(request: IncomingMessage, status: number): void;
}

export function guardConnections(
  server: Server,
  { knownMax, anonymousMax, event = "connection" }: ConnectionLimits,
): ConnectionGuard {
  /** Oldest first. */
  const anonymous = new Set<Socket>();
  const known = new Set<Socket>();
  const addAnonymous = (socket: Socket) => {
    if (socket.destroyed) return;
    anonymous.add(socket);
    if (anonymous.size <= anonymousMax) return;
    const [oldest] = anonymous;
    anonymous.delete(oldest!);
    oldest!.destroy();
  };
  server.on(event, (socket: Socket) => {
    addAnonymous(socket);
    socket.once("close", () => {
      anonymous.delete(socket);
      known.delete(socket);
    });
  });
  return {
    begin({ socket, headers }) {
      if (headers.authorization === undefined && headers.cookie === undefined) return true;
      if (!known.has(socket) && known.size >= knownMax) return false;
      // In neither set until the token is checked.
      anonymous.delete(socket);
      return true;
    },
    end({ socket, headers }, status) {
      if (headers.authorization === undefined && headers.cookie === undefined) return;
      if (status === 401) addAnonymous(socket);
      else if (!socket.destroyed) known.add(socket);
    },
  };
}
