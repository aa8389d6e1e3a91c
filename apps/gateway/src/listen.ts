/** Opens a loopback port: the requested one, or the default or another free one. */
import type { AddressInfo } from "node:net";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { RoostError } from "@roost/base";
import { portDefault } from "./config.ts";
import { guardConnections, type ConnectionLimits } from "./guard-connections.ts";
import type { OpenAiDoor } from "./openai/create-openai-door.ts";
import { refuseBusy, refuseBytes, refuseRequest } from "./refuse-request.ts";

export interface Listening extends AsyncDisposable {
  url: string;
  port: number;
  hostnames: ReadonlySet<string>;
}

export interface ListenOptions {
  host: string;
  /** Undefined: the default, or any free one when that is taken. */
  port: number | undefined;
  fetch: (request: Request, connection: { incoming: IncomingMessage }) => Response | Promise<Response>;
  /** Asked first; false: the request is for `fetch`. */
  door?: OpenAiDoor;
  limits?: ConnectionLimits;
  timeouts?: RequestTimeouts;
}

/** How long a request may take to arrive: its head, and all of it. What is late is answered 408, and its connection closed. */
export interface RequestTimeouts {
  headersMs: number;
  requestMs: number;
  /** How often it is looked for. */
  checkMs: number;
}

const loopback = new Set(["127.0.0.1", "::1", "localhost"]);
const timeoutsDefault: RequestTimeouts = { headersMs: 15_000, requestMs: 60_000, checkMs: 5_000 };
/** Open connections: of callers with a token, streams included, and of all others. */
const limitsDefault: ConnectionLimits = { knownMax: 500, anonymousMax: 100 };
/** Room for connections that are being refused. */
const refusedMax = 50;

/**
 * @throws RoostError `forbidden` for a host that is not loopback, `conflict` when the port is taken
 */
export async function listen(options: ListenOptions): Promise<Listening> {
  if (!loopback.has(options.host)) {
    throw new RoostError(
      "forbidden",
      `ROOST_HOST is ${options.host}, but Roost listens on loopback only: use ROOST_HOST=127.0.0.1, and forward the port to reach it from another host (ssh -L)`,
    );
  }
  const answer = async (request: Request, { incoming }: { incoming: IncomingMessage }) => {
    const response = await options.fetch(request, { incoming });
    guard.end(incoming, response.status);
    return response;
  };
  const listener = getRequestListener(answer as Parameters<typeof getRequestListener>[0], {
    overrideGlobalObjects: false,
    errorHandler: refuseRequest,
  });
  const { timeouts = timeoutsDefault } = options;
  const server = createServer(
    // Requests without a host are refused below, as a problem document like every refusal.
    {
      requestTimeout: timeouts.requestMs,
      headersTimeout: timeouts.headersMs,
      connectionsCheckingInterval: timeouts.checkMs,
      requireHostHeader: false,
    },
    (request, response) => {
      if (!guard.begin(request)) return refuseBusy(response, limits.knownMax);
      const isAnswered = options.door?.(request, response, (status) => guard.end(request, status)) === true;
      if (!isAnswered) void listener(request, response);
    },
  );
  const limits = options.limits ?? limitsDefault;
  const guard = guardConnections(server, limits);
  server.maxConnections = limits.knownMax + limits.anonymousMax + refusedMax;
  server.on("clientError", refuseBytes);
  const port = await open(server, options);
  const name = options.host === "::1" ? "[::1]" : options.host;
  return {
    url: `http://${name}:${port}`,
    port,
    hostnames: new Set(["127.0.0.1", "localhost", "[::1]"]),
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function open(server: Server, { host, port }: ListenOptions): Promise<number> {
  const wished = port ?? portDefault;
  const error = (await tryPort(server, host, wished)) ?? undefined;
  if (error === undefined) return (server.address() as AddressInfo).port;
  if (error.code !== "EADDRINUSE")
    throw new RoostError("unavailable", `${host}:${wished} cannot be opened: ${error.message}`, { cause: error });
  if (port !== undefined) {
    throw new RoostError(
      "conflict",
      `Port ${port} of ${host} is used by another program: set ROOST_PORT to a free one`,
      { cause: error },
    );
  }
  const second = await tryPort(server, host, 0);
  if (second !== undefined)
    throw new RoostError("unavailable", `No port of ${host} can be opened: ${second.message}`, { cause: second });
  return (server.address() as AddressInfo).port;
}

function tryPort(server: Server, host: string, port: number): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const onError = (error: NodeJS.ErrnoException) => {
      server.off("listening", onListening);
      resolve(error);
    };
    const onListening = () => {
      server.off("error", onError);
      resolve(undefined);
    };
    server.once("error", onError).once("listening", onListening).listen(port, host);
  });
}
