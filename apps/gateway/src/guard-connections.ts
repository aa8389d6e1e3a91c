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
  /** How long none is closed for another: a caller that connects many times at once has its requests on their way. */
  graceMs?: number;
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
  { knownMax, anonymousMax, graceMs = graceMsDefault, event = "connection" }: ConnectionLimits,
): ConnectionGuard {
  const crowdMax = crowdFactor * anonymousMax;
  const anonymous = createCrowd(anonymousMax, { graceMs, crowdMax });
  /** Those with something that may be a token, until it was checked. */
  const checking = createCrowd(knownMax + anonymousMax, { graceMs, crowdMax: knownMax + anonymousMax });
  const known = new Set<Socket>();
  server.on(event, (socket: Socket) => {
    anonymous.add(socket);
    socket.once("close", () => {
      for (const crowd of [anonymous, checking, known]) crowd.delete(socket);
    });
  });
  if (event === "secureConnection") limitHandshakes(server, createCrowd(anonymousMax, { graceMs, crowdMax }));
  return {
    begin({ socket, headers }) {
      if (headers.authorization === undefined && headers.cookie === undefined) return true;
      if (known.has(socket)) return true;
      if (known.size >= knownMax) return false;
      anonymous.delete(socket);
      checking.add(socket);
      return true;
    },
    end({ socket }, isKnown) {
      checking.delete(socket);
      if (isKnown) {
        anonymous.delete(socket);
        if (!socket.destroyed) known.add(socket);
      } else {
        known.delete(socket);
        anonymous.add(socket);
      }
    },
  };
}

const graceMsDefault = 2_000;
/** Times as many are kept so long at most: a flood does not take the room of callers with a token. */
export const crowdFactor = 5;

interface Crowd {
  add(socket: Socket): void;
  delete(socket: Socket): void;
}

/** Beyond `most` the oldest are closed after a while, beyond `crowdMax` at once. */
function createCrowd(most: number, { graceMs, crowdMax }: { graceMs: number; crowdMax: number }): Crowd {
  /** Oldest first. */
  const sinceMs = new Map<Socket, number>();
  let isDue = false;
  const close = (socket: Socket) => {
    sinceMs.delete(socket);
    socket.destroy();
  };
  const trim = () => {
    isDue = false;
    for (const [socket, ms] of sinceMs) {
      if (sinceMs.size <= most) return;
      if (performance.now() - ms < graceMs) return trimLater();
      close(socket);
    }
  };
  const trimLater = () => {
    if (isDue) return;
    isDue = true;
    // After a pause of the process what has arrived meanwhile is read first.
    setTimeout(() => setImmediate(trim), graceMs).unref();
  };
  return {
    add(socket) {
      if (socket.destroyed) return;
      sinceMs.delete(socket);
      sinceMs.set(socket, performance.now());
      if (sinceMs.size > most) trimLater();
      if (sinceMs.size > crowdMax) close(sinceMs.keys().next().value!);
    },
    delete: (socket) => void sinceMs.delete(socket),
  };
}

/** Connections that never speak TLS are in no other count. */
function limitHandshakes(server: Server, beginning: Crowd): void {
  /** A connection that speaks TLS is another object. */
  const byName = new Map<string, Socket>();
  const nameOf = ({ remoteAddress, remotePort }: Socket) => `${remoteAddress} ${remotePort}`;
  server.on("connection", (socket: Socket) => {
    const name = nameOf(socket);
    byName.set(name, socket);
    beginning.add(socket);
    socket.once("close", () => {
      beginning.delete(socket);
      if (byName.get(name) === socket) byName.delete(name);
    });
  });
  server.on("secureConnection", (socket: Socket) => {
    const beneath = byName.get(nameOf(socket));
    if (beneath !== undefined) beginning.delete(beneath);
  });
}
