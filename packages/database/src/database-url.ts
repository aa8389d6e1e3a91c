/**
 * Database URLs as libpq takes them: one or several hosts, `target_session_attrs`, `sslmode`. Owns reading and changing them; the driver gets URLs
 * of one host.
 */
import { RoostError } from "@roost/base";

export interface DatabaseUrl {
  /** One for each host, in their order. */
  hosts: DatabaseHost[];
  /** A server that takes no writes is left for the next one. */
  mustWrite: boolean;
}

export interface DatabaseHost {
  /** `host:port` for a person. */
  name: string;
  /** For the driver. May contain a password. */
  url: string;
}

const hostsMax = 16;
const sessionAttributes = new Map([
  ["any", false],
  ["read-write", true],
  ["primary", true],
]);
/** The driver verifies the certificate and the name for each of them and warns that it will not always; these are libpq's weaker ones. */
const verifiedModes = new Set(["prefer", "require", "verify-ca"]);
const portDefault = "5432";

/** @throws RoostError `invalid_input` that never holds the URL, which may contain a password */
export function parseDatabaseUrl(text: string): DatabaseUrl {
  const { scheme, user, hosts, rest } = splitUrl(text);
  const url = parseRest(scheme, rest);
  const { searchParams } = url;
  const listed = searchParams.get("host")?.includes(",") ? takeHosts(searchParams) : hosts;
  if (listed.length > hostsMax) throw invalid(`names ${listed.length} hosts (limit ${hostsMax})`);
  const wanted = searchParams.get("target_session_attrs") ?? (listed.length > 1 ? "read-write" : "any");
  const mustWrite = sessionAttributes.get(wanted);
  if (mustWrite === undefined) throw invalid(`has target_session_attrs=${wanted}: Roost writes, give read-write`);
  searchParams.delete("target_session_attrs");
  const mode = searchParams.get("sslmode");
  if (mode !== null && verifiedModes.has(mode)) searchParams.set("sslmode", "verify-full");
  return {
    mustWrite,
    hosts: listed.map((host) => {
      const socket = searchParams.get("host");
      if (listed.length > 1 && host === "") throw invalid("has an empty name between two commas of its hosts");
      const query = searchParams.size === 0 ? "" : `?${searchParams.toString()}`;
      return { name: host || (socket ?? "localhost"), url: `${scheme}${user}${host}${url.pathname}${query}` };
    }),
  };
}

const fileParameters = ["sslrootcert", "sslcert", "sslkey"] as const;
/** Paths of what a URL names by files: the authority of the servers' certificates, a certificate of the client and its key. */
export type DatabaseUrlFiles = Partial<Record<(typeof fileParameters)[number], string>>;

/** How connections are protected, and which files that takes. @throws RoostError `invalid_input` */
export function readUrlProtection(text: string): {
  isEncrypted: boolean;
  isVerified: boolean;
  files: DatabaseUrlFiles;
} {
  const { scheme, rest } = splitUrl(text);
  const { searchParams } = parseRest(scheme, rest);
  const files = fileParameters.flatMap((name) => {
    const path = searchParams.get(name);
    return path === null || path === "" ? [] : [[name, path]];
  });
  const mode = searchParams.get("sslmode");
  const isOn =
    mode === null ? files.length > 0 || /^(?:true|1)$/.test(searchParams.get("ssl") ?? "") : mode !== "disable";
  return { isEncrypted: isOn, isVerified: isOn && mode !== "no-verify", files: Object.fromEntries(files) };
}

/** The same servers with another database, as another user, or with these files and no others. */
export function changeDatabaseUrl(
  text: string,
  change: { database?: string; user?: { name: string; password: string }; files?: DatabaseUrlFiles },
): string {
  const { scheme, user, hosts, rest } = splitUrl(text);
  const url = parseRest(scheme, rest);
  if (change.files !== undefined)
    for (const name of fileParameters) {
      const path = change.files[name];
      if (path === undefined) url.searchParams.delete(name);
      else url.searchParams.set(name, path);
    }
  if (change.database !== undefined) url.pathname = `/${encodeURIComponent(change.database)}`;
  if (change.user === undefined) return `${scheme}${user}${hosts.join(",")}${url.pathname}${url.search}`;
  // As parameters: they work without a host too.
  url.searchParams.set("user", change.user.name);
  url.searchParams.set("password", change.user.password);
  return `${scheme}${hosts.join(",")}${url.pathname}${url.search}`;
}

/** As whom a URL that changeDatabaseUrl made logs in. @throws RoostError `invalid_input` */
export function loginOfDatabaseUrl(text: string): { name: string; password: string } {
  const { searchParams } = parseRest("postgresql://", splitUrl(text).rest);
  return { name: searchParams.get("user") ?? "", password: searchParams.get("password") ?? "" };
}

/** Hosts and database for a person, without user and password. @throws RoostError `invalid_input` */
export function nameDatabaseUrl(text: string): string {
  const { hosts } = parseDatabaseUrl(text);
  const { pathname } = parseRest("postgresql://", splitUrl(text).rest);
  return `PostgreSQL at ${hosts.map(({ name }) => name).join(", ")}, database ${decodeURIComponent(pathname.slice(1))}`;
}

/** Whether what is sent can be read on the way: not encrypted, and not on this machine. */
export function isReadableOnTheWay({ name, url }: DatabaseHost): boolean {
  const isLocal = name.startsWith("/") || /^(?:localhost|127\.[\d.]+|\[::1\])(?::\d+)?$/.test(name);
  return !isLocal && !/[?&](?:sslmode=(?!disable)|ssl=(?:true|1))/.test(url);
}

interface SplitUrl {
  scheme: string;
  /** With its `@`, or empty. */
  user: string;
  /** Each with its port, if it has one. */
  hosts: string[];
  /** Path and query. */
  rest: string;
}

// The platform's URL takes one host.
function splitUrl(text: string): SplitUrl {
  const [, scheme, authority, rest] = /^(postgres(?:ql)?:\/\/)([^/?#]*)(.*)$/s.exec(text.trim()) ?? [];
  if (scheme === undefined)
    throw new RoostError(
      "invalid_input",
      "the database URL must begin with postgresql://, for example postgresql://user@localhost/roost",
    );
  const at = authority!.lastIndexOf("@") + 1;
  return { scheme, user: authority!.slice(0, at), hosts: authority!.slice(at).split(","), rest: rest! };
}

function parseRest(scheme: string, rest: string): URL {
  try {
    return new URL(`${scheme}host${rest}`);
  } catch {
    throw invalid("cannot be read: what is special in a name or password is written as %XX");
  }
}

/** `host=a,b&port=1,2` of libpq. */
function takeHosts(parameters: URLSearchParams): string[] {
  const names = parameters.get("host")!.split(",");
  const ports = (parameters.get("port") ?? portDefault).split(",");
  if (ports.length !== 1 && ports.length !== names.length)
    throw invalid(`names ${names.length} hosts and ${ports.length} ports: give one port, or one for each`);
  parameters.delete("host");
  parameters.delete("port");
  return names.map((name, index) => {
    if (name.startsWith("/"))
      throw invalid("names several hosts of which one is a socket: give one host, or addresses");
    return `${name}:${ports[ports.length === 1 ? 0 : index] || portDefault}`;
  });
}

function invalid(what: string): RoostError {
  return new RoostError("invalid_input", `the database URL ${what}`);
}
