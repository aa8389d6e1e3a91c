/**
 * Keeps room for callers with a token: a connection that has not brought one is anonymous, there are few of them at a time, and the oldest
 * gives way to the next. It checks no token: the answer says what became of it.
 */
import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";

export interface ConnectionLimits {
  /** Of callers with a token, streams included. */
  knownMax: number;
  /** Of all others. */
  anonymousMax: number;
}

export interface ConnectionGuard {
  /** Before a request is answered: false when too many callers with a token are connected already. */
  begin(request: IncomingMessage): boolean;
  /** When its answer begins. */
  end(request: IncomingMessage, status: number): void;
}

export function guardConnections(server: Server, { knownMax, anonymousMax }: ConnectionLimits): ConnectionGuard {
  /** The oldest first. */
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
  server.on("connection", (socket: Socket) => {
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
      // Neither until it is known whether it is a token.
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
