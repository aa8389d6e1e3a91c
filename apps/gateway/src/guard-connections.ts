/**
 * Reserves connections for callers who were authenticated. All others are anonymous: few are kept, and the oldest is closed for the next. Checks no
 * token itself, and believes no header: it is told who was authenticated.
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
  /** Once it is known whether its caller was authenticated. */
  end(request: IncomingMessage, isKnown: boolean): void;
}

export function guardConnections(
  server: Server,
  { knownMax, anonymousMax, event = "connection" }: ConnectionLimits,
): ConnectionGuard {
  /** Oldest first. */
  const anonymous = new Set<Socket>();
  /** Those with something that may be a token, until it was checked. */
  const checking = new Set<Socket>();
  const known = new Set<Socket>();
  const add = (crowd: Set<Socket>, socket: Socket, most: number) => {
    if (socket.destroyed) return;
    crowd.add(socket);
    if (crowd.size <= most) return;
    const [oldest] = crowd;
    crowd.delete(oldest!);
    oldest!.destroy();
  };
  server.on(event, (socket: Socket) => {
    add(anonymous, socket, anonymousMax);
    socket.once("close", () => {
      for (const crowd of [anonymous, checking, known]) crowd.delete(socket);
    });
  });
  if (event === "secureConnection") limitHandshakes(server, anonymousMax);
  return {
    begin({ socket, headers }) {
      if (headers.authorization === undefined && headers.cookie === undefined) return true;
      if (known.has(socket)) return true;
      if (known.size >= knownMax) return false;
      anonymous.delete(socket);
      add(checking, socket, knownMax + anonymousMax);
      return true;
    },
    end({ socket }, isKnown) {
      checking.delete(socket);
      if (isKnown) {
        anonymous.delete(socket);
        if (!socket.destroyed) known.add(socket);
      } else {
        known.delete(socket);
        add(anonymous, socket, anonymousMax);
      }
    },
  };
}

/** Connections that never speak TLS are in no other count. */
function limitHandshakes(server: Server, most: number): void {
  const beginning = new Map<string, Socket>();
  const nameOf = ({ remoteAddress, remotePort }: Socket) => `${remoteAddress} ${remotePort}`;
  server.on("connection", (socket: Socket) => {
    const name = nameOf(socket);
    beginning.set(name, socket);
    socket.once("close", () => {
      if (beginning.get(name) === socket) beginning.delete(name);
    });
    if (beginning.size <= most) return;
    const [oldest] = beginning.values();
    oldest!.destroy();
  });
  server.on("secureConnection", (socket: Socket) => beginning.delete(nameOf(socket)));
}
