/**
 * Opens what the gateway listens on: loopback always, for the machine's own programs; beyond it only with TLS or for a named proxy; and, where it is
 * asked for, a listener of Tailscale Serve's own.
 */
import { chmod, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { BlockList, isIP, isIPv6, type AddressInfo, type Socket } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { endServer, RoostError } from "@roost/base";
import { portDefault } from "./config.ts";
import { crowdFactor, guardConnections, type ConnectionLimits } from "./guard-connections.ts";
import type { OpenAiDoor } from "./openai/create-openai-door.ts";
import { limitSilence } from "./limit-silence.ts";
import { openCertificate, type CertificateFiles } from "./open-certificate.ts";
import { refuseBusy, refuseBytes, refuseRequest } from "./refuse-request.ts";
import { isTrusted, type ListenerKind, type OriginRules } from "./security/check-origin.ts";

export interface Listening extends AsyncDisposable {
  /** For the machine's own programs. */
  url: string;
  port: number;
  /** Whom requests may name and come from. */
  rules: OriginRules;
}

/** Of a request. */
export interface RequestConnection {
  incoming: IncomingMessage;
  /** To be called when its caller was authenticated. */
  onKnown: () => void;
}

export interface ListenOptions {
  host: string;
  /** Undefined: the default, or any free one when that is taken. */
  port: number | undefined;
  /** Taken where any would do, if it is free. */
  portBefore?: number | undefined;
  fetch: (request: Request, connection: RequestConnection) => Response | Promise<Response>;
  /** Asked first; false: the request is for `fetch`. */
  door?: OpenAiDoor;
  limits?: ConnectionLimits;
  timeouts?: RequestTimeouts;
  outside?: OutsideOptions | undefined;
}

export interface OutsideOptions {
  /** Names under which others reach it. */
  names?: readonly string[] | undefined;
  tls?: CertificateFiles | undefined;
  /** Addresses and ranges of proxies whose headers count. */
  trustedProxies?: readonly string[] | undefined;
  /** The listener that Tailscale Serve alone reaches: a socket of the file system, or a port of loopback. */
  serve?: { path: string } | { port: number } | undefined;
  logins?: readonly string[] | undefined;
}

/** How long a request may take to arrive: its head, and within any `silenceMs` so much of it. What is late is answered 408, and its connection closed. */
export interface RequestTimeouts {
  headersMs: number;
  silenceMs: number;
  /** Of what has not ended: a line that moves may be slow. */
  bytesMin: number;
  /** How often it is checked. */
  checkMs: number;
  /** Of the silence. Default: this process's. */
  nowMs?: () => number;
}

const loopback = new Set(["127.0.0.1", "::1", "localhost"]);
const timeoutsDefault: RequestTimeouts = {
  headersMs: 15_000,
  silenceMs: 60_000,
  bytesMin: 65_536,
  checkMs: 5_000,
};
/** Open connections: of callers with a token, streams included, and of all others. */
const limitsDefault: ConnectionLimits = { knownMax: 1_200, anonymousMax: 100 };
/** For calls that are being answered when it stops. Streams end by themselves. */
const callsMsMax = 1_000;
/** Room for connections that are being refused. */
const refusedMax = 50;

/**
 * @throws RoostError `forbidden` for a bind beyond loopback without TLS and without a named proxy, `conflict` when a port is taken
 */
export async function listen(options: ListenOptions): Promise<Listening> {
  const { host, port, outside = {} } = options;
  const isLoopback = loopback.has(host);
  const proxies = toBlockList(outside.trustedProxies ?? []);
  refuseUnsafe(options, isLoopback);
  await using opened = new AsyncDisposableStack();
  const kinds = new WeakMap<Socket, ListenerKind>();
  const kindOf = (socket: Socket) => kinds.get(socket) ?? "loopback";
  const start = async (kind: ListenerKind, place: Place) => {
    const server = serve(options, kind === "outside" ? outside.tls && (await openCertificate(outside.tls)) : undefined);
    server.on(eventOf(server), (socket: Socket) => {
      kinds.set(socket, kind);
      // Without TLS only the proxy, and the machine itself, may speak to it.
      const isProxy = isTrusted(socket, { proxies }) || loopback.has(socket.remoteAddress ?? "");
      if (kind === "outside" && outside.tls === undefined && !isProxy) socket.destroy();
    });
    opened.use(server);
    return open(server, place);
  };
  const { portBefore } = options;
  const inner = await start(
    "loopback",
    isLoopback ? { host, port, portBefore } : { host: "127.0.0.1", port: 0, portBefore },
  );
  const outer = isLoopback ? undefined : await start("outside", { host, port });
  if (outside.serve !== undefined) {
    const { serve: place } = outside;
    await start("serve", "path" in place ? place : { host: "127.0.0.1", port: place.port });
  }
  const owned = opened.move();
  return {
    url: `http://${isLoopback && isIPv6(host) ? `[${host}]` : isLoopback ? host : "127.0.0.1"}:${inner}`,
    port: inner,
    rules: {
      port: inner,
      outside: {
        names: new Set(
          [...(outside.names ?? []), ...(isLoopback ? [] : namesOfAddress(host))].map((name) => name.toLowerCase()),
        ),
        isTls: outside.tls !== undefined,
        port: outer,
        proxies,
        logins: new Set((outside.logins ?? []).map((login) => login.toLowerCase())),
        listenerOf: kindOf,
      },
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function refuseUnsafe({ host, outside = {} }: ListenOptions, isLoopback: boolean): void {
  const { tls, trustedProxies = [], names = [] } = outside;
  if (isLoopback) {
    if (tls === undefined) return;
    throw new RoostError(
      "invalid_input",
      "listen.tls has no use on loopback: set listen.host in roost.yaml, such as 0.0.0.0",
    );
  }
  if (tls === undefined && trustedProxies.length === 0) {
    throw new RoostError(
      "forbidden",
      `ROOST_HOST is ${host || "empty"}, which is beyond loopback: others could read along. Give certificate files (listen.tls in roost.yaml), name the proxy in front (listen.trustedProxies), or use ROOST_HOST=127.0.0.1 with Tailscale Serve or ssh -L; see docs/phone.md`,
    );
  }
  if (names.length === 0 && namesOfAddress(host).length === 0)
    throw new RoostError("invalid_input", "Say under which names others reach this server: listen.names in roost.yaml");
}

/** An address is its own name; that of all addresses is none. */
function namesOfAddress(host: string): string[] {
  if (isIP(host) === 0 || isEveryAddress(host)) return [];
  return [isIPv6(host) ? `[${host}]` : host];
}

const isEveryAddress = (host: string) => /^[0:.]+$/.test(host);

function toBlockList(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = "", bits] = range.split("/");
    const family = isIPv6(address) ? "ipv6" : "ipv4";
    const bitsMax = family === "ipv6" ? 128 : 32;
    const prefix = bits === undefined ? bitsMax : Number(bits);
    if (isIP(address) === 0 || !Number.isInteger(prefix) || prefix < 1 || prefix > bitsMax)
      throw new RoostError(
        "invalid_input",
        `listen.trustedProxies names "${range}": give addresses or ranges such as 10.1.0.0/16`,
      );
    list.addSubnet(address, prefix, family);
  }
  return list;
}

const eventOf = (server: Server) => ("setSecureContext" in server ? "secureConnection" : "connection");

/** A server that answers, not open yet. */
function serve(
  options: ListenOptions,
  certificate: Awaited<ReturnType<typeof openCertificate>> | undefined,
): Server & AsyncDisposable {
  const limits = options.limits ?? limitsDefault;
  const answer = async (request: Request, { incoming }: { incoming: IncomingMessage }) => {
    let isKnown = false;
    const onKnown = () => {
      isKnown = true;
      guard.end(incoming, true);
    };
    const response = await options.fetch(request, { incoming, onKnown });
    if (!isKnown) guard.end(incoming, false);
    return response;
  };
  const listener = getRequestListener(answer as Parameters<typeof getRequestListener>[0], {
    overrideGlobalObjects: false,
    errorHandler: refuseRequest,
  });
  const { timeouts = timeoutsDefault } = options;
  const onRequest: RequestListener = (request, response) => {
    if (!guard.begin(request)) return refuseBusy(response, limits.knownMax, request.url);
    const isAnswered = options.door?.(request, response, (isKnown) => guard.end(request, isKnown)) === true;
    if (!isAnswered) void listener(request, response);
  };
  // Requests without a host are refused below, as a problem document like every refusal.
  const timing = {
    requestTimeout: 0,
    headersTimeout: timeouts.headersMs,
    connectionsCheckingInterval: timeouts.checkMs,
    requireHostHeader: false,
  };
  const server =
    certificate === undefined
      ? createServer(timing, onRequest)
      : createTlsServer(
          { ...timing, ...certificate.pair(), handshakeTimeout: timeouts.headersMs, minVersion: "TLSv1.2" },
          onRequest,
        );
  const watching = certificate?.watch((pair) => {
    if ("setSecureContext" in server) server.setSecureContext(pair);
  });
  limitSilence(server, { withinMs: timeouts.silenceMs, ...timeouts });
  const guard = guardConnections(server, { ...limits, event: eventOf(server) });
  // Besides those who are known: who is none, whose token is being checked, and who has not spoken TLS yet.
  server.maxConnections = 2 * limits.knownMax + (2 * crowdFactor + 1) * limits.anonymousMax + refusedMax;
  server.on("clientError", refuseBytes);
  return Object.assign(server, {
    [Symbol.asyncDispose]: () => {
      watching?.();
      return endServer(server, callsMsMax);
    },
  });
}

type Place = { host: string; port: number | undefined; portBefore?: number | undefined } | { path: string };

/** The port; 0 for a socket of the file system. */
async function open(server: Server, place: Place): Promise<number> {
  if ("path" in place) {
    // Of a process that did not end in order: the home has one owner at a time.
    await rm(place.path, { force: true });
    const failed = await tryPlace(server, place);
    if (failed !== undefined)
      throw new RoostError("unavailable", `${place.path} cannot be opened: ${failed.message}`, { cause: failed });
    await chmod(place.path, 0o600);
    return 0;
  }
  const { host, port, portBefore } = place;
  const isAny = port === undefined || port === 0;
  if (isAny && portBefore !== undefined && (await tryPlace(server, { host, port: portBefore })) === undefined)
    return portBefore;
  const wished = port ?? portDefault;
  const error = await tryPlace(server, { host, port: wished });
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
  const second = await tryPlace(server, { host, port: 0 });
  if (second !== undefined)
    throw new RoostError("unavailable", `No port of ${host} can be opened: ${second.message}`, { cause: second });
  return (server.address() as AddressInfo).port;
}

function tryPlace(server: Server, place: Place): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const onError = (error: NodeJS.ErrnoException) => {
      server.off("listening", onListening);
      resolve(error);
    };
    const onListening = () => {
      server.off("error", onError);
      resolve(undefined);
    };
    server.once("error", onError).once("listening", onListening).listen(place);
  });
}
