/** Where a service's secrets are sent: by the scheme of its document, or where the document has none, as the person said. */
import { jsonObjectOf, RoostError, type JsonObject } from "@roost/base";
import type { OpenApiDocument } from "@roost/contract";
import type { ThirdPartyOperation } from "../describe-operations.ts";

export interface PlacedSecret {
  /** Key of the secret that was given. */
  scheme: string;
  place: "header" | "query" | "cookie";
  name: string;
  /** What is sent for its value. */
  write: (value: string) => string;
  /** Where the id and secret of a program are given for a token (OAuth 2.0, RFC 6749 section 4.4), which is sent in their place. */
  tokenUrl?: string;
  /** Of that token. Empty: those that the program has. */
  scopes?: readonly string[];
}

const plain = (value: string) => value;

function schemesOf(document: OpenApiDocument): JsonObject {
  return jsonObjectOf(jsonObjectOf(document["components"])["securitySchemes"]);
}

/** Before a scheme: what is given is no token, but what one is asked for with. */
const asClient = "client:";

/** @throws RoostError `invalid_input` for a scheme that is not known */
export function placeSecret(document: OpenApiDocument, scheme: string): PlacedSecret {
  const known = schemesOf(document);
  if (scheme.startsWith(asClient))
    return { ...bearer, scheme, ...tokenPlaceOf(document, scheme.slice(asClient.length)) };
  return Object.hasOwn(known, scheme) ? placeNamed(scheme, jsonObjectOf(known[scheme])) : placeUnnamed(scheme);
}

/**
 * The secrets of one call: those of the first way that the operation allows for which all are there, then those that no scheme names.
 * @throws RoostError `unauthenticated` when the operation needs one that was not given
 */
export function placedSecretsOf(
  { security, id }: Pick<ThirdPartyOperation, "security" | "id">,
  { document, given }: { document: OpenApiDocument; given: readonly string[] },
): PlacedSecret[] {
  const known = schemesOf(document);
  const schemeOf = (one: string) => (one.startsWith(asClient) ? one.slice(asClient.length) : one);
  const always = given.filter((one) => !Object.hasOwn(known, schemeOf(one)));
  const givenFor = (scheme: string) => given.find((one) => schemeOf(one) === scheme);
  const way = security.find((schemes) => Object.keys(schemes).every((scheme) => givenFor(scheme) !== undefined));
  if (way === undefined && security.length > 0 && always.length === 0)
    throw new RoostError(
      "unauthenticated",
      `${id} needs a secret for ${security.map((schemes) => Object.keys(schemes).join(" and ")).join(", or ")}: give it to roost service add, as in --secret ${Object.keys(security[0]!)[0] ?? "SCHEME"}=env:NAME`,
    );
  const ofWay = Object.entries(way ?? {}).map(([scheme, scopes]) => ({
    scopes,
    ...placeSecret(document, givenFor(scheme) ?? scheme),
  }));
  return [...ofWay, ...always.map((scheme) => placeSecret(document, scheme))];
}

/** The document's for a scheme of it, or an address in its place, with scopes behind a `#`. */
function tokenPlaceOf(document: OpenApiDocument, of: string): Pick<PlacedSecret, "tokenUrl" | "scopes"> {
  const scheme = jsonObjectOf(schemesOf(document)[of]);
  const [server] = Array.isArray(document["servers"]) ? document["servers"] : [];
  const base = jsonObjectOf(server)["url"];
  const url = typeof scheme["x-roost-token-url"] === "string" ? scheme["x-roost-token-url"] : of;
  const found = URL.parse(url, typeof base === "string" && url !== of ? base : undefined);
  if (found !== null && /^https?:$/.test(found.protocol) && found.username + found.password === "") {
    const scopes = found.hash.slice(1).split("+");
    found.hash = "";
    return { tokenUrl: found.href, ...(scopes[0] !== "" && { scopes }) };
  }
  throw new RoostError(
    "invalid_input",
    `the document says for "${of.slice(0, 100)}" no address where a program gets a token: give it, as in client:https://login.example/token`,
  );
}

function placeNamed(scheme: string, described: JsonObject): PlacedSecret {
  const { type, in: place, name } = described;
  if (type === "apiKey" && typeof name === "string" && (place === "header" || place === "query" || place === "cookie"))
    return { scheme, place, name, write: plain };
  if (type === "http" && String(described["scheme"]).toLowerCase() === "basic") return { ...basic, scheme };
  if (type === "http") return { ...bearer, scheme };
  throw new RoostError(
    "invalid_input",
    `the scheme ${scheme} (${String(type)}) is not known here: give the secret as header:NAME`,
  );
}

const bearer = {
  scheme: "bearer",
  place: "header",
  name: "authorization",
  write: (value: string) => `Bearer ${value}`,
} as const;
const basic = {
  scheme: "basic",
  place: "header",
  name: "authorization",
  write: (value: string) => `Basic ${Buffer.from(value).toString("base64")}`,
} as const;

function placeUnnamed(scheme: string): PlacedSecret {
  if (scheme === "bearer") return bearer;
  if (scheme === "basic") return basic;
  const [, place, name] = /^(header|query):([A-Za-z0-9_.-]{1,100})$/.exec(scheme) ?? [];
  if (name !== undefined) return { scheme, place: place as "header" | "query", name, write: plain };
  throw new RoostError(
    "invalid_input",
    `"${scheme.slice(0, 100)}" is no scheme of the document: give bearer, basic, header:NAME or query:NAME`,
  );
}
