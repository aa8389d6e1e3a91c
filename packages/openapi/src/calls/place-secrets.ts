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
}

const plain = (value: string) => value;

function schemesOf(document: OpenApiDocument): JsonObject {
  return jsonObjectOf(jsonObjectOf(document["components"])["securitySchemes"]);
}

/** @throws RoostError `invalid_input` for a scheme that is not known */
export function placeSecret(document: OpenApiDocument, scheme: string): PlacedSecret {
  const known = schemesOf(document);
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
  const always = given.filter((scheme) => !Object.hasOwn(known, scheme));
  const way = security.find((schemes) => schemes.every((scheme) => given.includes(scheme)));
  if (way === undefined && security.length > 0 && always.length === 0)
    throw new RoostError(
      "unauthenticated",
      `${id} needs a secret for ${security.map((schemes) => schemes.join(" and ")).join(", or ")}: give it to roost service add, as in --secret ${security[0]![0] ?? "SCHEME"}=env:NAME`,
    );
  return [...(way ?? []), ...always].map((scheme) => placeSecret(document, scheme));
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
