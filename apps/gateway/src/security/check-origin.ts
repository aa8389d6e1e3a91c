/**
 * How a request came in, and whether it may: refuses what a web page could make a browser send, a Host that is not this server's (DNS rebinding) and
 * an Origin that is not its own (cross-site requests). Headers of a proxy count from the named one alone. Knows nothing of tokens.
 */
import { isIP, isIPv6, type BlockList, type Socket } from "node:net";
import { RoostError } from "@roost/base";

/** loopback: the machine itself. outside: a bind beyond it. serve: Tailscale Serve, which alone reaches its listener. */
export type ListenerKind = "loopback" | "outside" | "serve";

export interface OriginRules {
  /** Its own port on its own machine. */
  port: number;
  outside?: OutsideRules;
}

export interface OutsideRules {
  /** Names under which others reach it, with the port where it is not that of the scheme: `roost.example`, `roost.example:8443`. */
  names: ReadonlySet<string>;
  /** Whether the listener beyond loopback speaks TLS. */
  isTls: boolean;
  /** Of the listener beyond loopback. */
  port: number | undefined;
  proxies: BlockList;
  /** Whose devices of the tailnet are the person's. */
  logins: ReadonlySet<string>;
  listenerOf: (socket: Socket) => ListenerKind;
}

export interface Arrival {
  scheme: "http" | "https";
  host: string;
  /** Of the person, as Tailscale Serve says. */
  login?: string;
  /** Of the caller, as the named proxy says, or else the connection. Undefined: by a socket of the file system. */
  address?: string | undefined;
}

type HeaderReader = Pick<Headers, "get">;

/**
 * @throws RoostError `forbidden` when the Host header names another server, or the Origin another site
 */
export function checkOrigin(headers: HeaderReader, rules: OriginRules, socket?: Socket): Arrival {
  const { isOutside, ...arrival } = arrivalOf(headers, rules, socket);
  const { host, scheme } = arrival;
  const isOwn = (given: string, of: string) =>
    (of === "http" && isOwnLoopback(given, rules)) || (isOutside && isNamed(given, of, rules));
  if (!isOwn(host, isOutside ? scheme : "http")) {
    throw new RoostError(
      "forbidden",
      `The Host header "${host.slice(0, 100)}" does not name this server: use http://127.0.0.1:${rules.port}${isOutside ? ", or add the name to listen.names in roost.yaml" : ""}`,
    );
  }
  const origin = headers.get("origin");
  if (origin === null) return arrival;
  const url = URL.canParse(origin) ? new URL(origin) : undefined;
  const isSame =
    url !== undefined && (url.protocol === "http:" || isOutside) && isOwn(url.host, url.protocol.slice(0, -1));
  if (!isSame || (isOutside && url.protocol !== `${scheme}:`))
    throw new RoostError("forbidden", `Pages of "${origin.slice(0, 100)}" may not call this server`);
  return arrival;
}

function arrivalOf(
  headers: HeaderReader,
  { outside }: OriginRules,
  socket: Socket | undefined,
): Arrival & { isOutside: boolean } {
  const host = headers.get("host") ?? "";
  const of = (address = socket?.remoteAddress) => (address === undefined ? {} : { address });
  const direct = { scheme: "http", host, isOutside: false, ...of() } as const;
  if (outside === undefined || socket === undefined) return direct;
  const kind = outside.listenerOf(socket);
  const isServe = kind === "serve";
  const forwardedScheme = headers.get("x-forwarded-proto");
  if (isServe || (forwardedScheme !== null && isTrusted(socket, outside))) {
    const login = isServe ? headers.get("tailscale-user-login")?.toLowerCase() : undefined;
    return {
      scheme: (forwardedScheme ?? "https") === "https" ? "https" : "http",
      host: headers.get("x-forwarded-host") ?? host,
      ...of(forwardedAddress(headers)),
      ...(login !== undefined && outside.logins.has(login) && { login }),
      isOutside: true,
    };
  }
  if (kind === "outside") return { ...direct, scheme: outside.isTls ? "https" : "http", isOutside: true };
  return direct;
}

/** The last of the list is the one that the proxy itself has seen: what stands before it the caller may have written. */
function forwardedAddress(headers: HeaderReader): string | undefined {
  const address = headers.get("x-forwarded-for")?.split(",").at(-1)?.trim() ?? "";
  return isIP(address) === 0 ? undefined : address;
}

/** Whether a connection comes from the named proxy. */
export function isTrusted(
  { remoteAddress }: Pick<Socket, "remoteAddress">,
  { proxies }: Pick<OutsideRules, "proxies">,
): boolean {
  if (remoteAddress === undefined) return false;
  const address = remoteAddress.replace(/^::ffff:(?=\d+\.)/, "");
  return proxies.check(address, isIPv6(address) ? "ipv6" : "ipv4");
}

/** Names of this server on its own machine, without port. */
const loopbackNames: ReadonlySet<string> = new Set(["127.0.0.1", "localhost", "[::1]"]);

/** Whether a Host header is a name that only this machine has. */
export function isLoopbackHost(host = ""): boolean {
  return loopbackNames.has(host.replace(/:\d+$/, "").toLowerCase());
}

function readHost(host: string): { name: string; port: number | undefined } | undefined {
  const match = /^(?<name>\[[0-9a-f:.]+\]|[^:[\]]+)(?::(?<port>\d+))?$/i.exec(host);
  if (match?.groups === undefined) return undefined;
  const port = match.groups["port"];
  return { name: (match.groups["name"] ?? "").toLowerCase(), port: port === undefined ? undefined : Number(port) };
}

function isOwnLoopback(given: string, rules: OriginRules): boolean {
  const host = readHost(given);
  return host !== undefined && loopbackNames.has(host.name) && (host.port ?? 80) === rules.port;
}

function isNamed(given: string, scheme: string, { outside }: OriginRules): boolean {
  const host = readHost(given);
  if (host === undefined || outside === undefined) return false;
  const ports = new Set([undefined, scheme === "https" ? 443 : 80, outside.port]);
  return (ports.has(host.port) && outside.names.has(host.name)) || outside.names.has(`${host.name}:${host.port}`);
}

/** Under which a browser reaches this server: the names that others use, then its own on its machine. */
export function addressesOf({ port, outside }: OriginRules): string[] {
  const suffix = outside?.isTls === true && outside.port !== 443 ? `:${outside.port}` : "";
  const named = [...(outside?.names ?? [])].map((name) => `https://${name}${name.includes(":") ? "" : suffix}`);
  return [...named, `http://127.0.0.1:${port}`];
}
