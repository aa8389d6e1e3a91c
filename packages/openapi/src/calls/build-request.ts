/** The HTTP request of a call. */
import { isJsonObject, RoostError, type JsonObject, type JsonValue } from "@roost/base";
import { fileIdPattern, isTextType, multipartMediaType } from "../describe-files.ts";
import type { PlacedField, SentBody, ThirdPartyOperation } from "../describe-operations.ts";
import { deepPairs, encodePairs, encodeSimple, pairsOf } from "./pairs-of.ts";
import type { PlacedSecret } from "./place-secrets.ts";

export interface BuiltRequest {
  url: string;
  method: string;
  headers: Record<string, string>;
  /** A form of several parts says its own content type. */
  body: string | FormData | Uint8Array<ArrayBuffer> | undefined;
}

export interface SentFile {
  name: string;
  mediaType: string;
  bytes: Uint8Array<ArrayBuffer>;
}

export interface BuildOptions {
  /** Without a slash at its end. */
  server: string;
  secrets: readonly { placed: PlacedSecret; value: string }[];
  /** By their ids, those that fileIdsOf names. */
  files?: ReadonlyMap<string, SentFile>;
}

/** @throws RoostError `invalid_input` for a value that cannot be sent where it belongs */
export function buildRequest(
  operation: ThirdPartyOperation,
  input: JsonObject,
  { server, secrets, files = new Map() }: BuildOptions,
): BuiltRequest {
  const headers: Record<string, string> = { accept: "application/json, */*;q=0.5", "user-agent": "roost" };
  const query: [string, string][] = [];
  const cookies: string[] = [];
  const pieces = new Map<string, string>();
  for (const field of operation.fields) {
    const value = input[field.field];
    if (value === undefined || (value === null && field.place !== "path")) continue;
    const { name, place } = field;
    if (place === "path") pieces.set(name, pathPiece(field, value));
    else if (place === "query")
      query.push(...(field.isJson ? [[name, JSON.stringify(value)] as [string, string]] : pairsOf(name, value, field)));
    else if (place === "header")
      headers[name.toLowerCase()] = headerText(
        name,
        field.isJson ? JSON.stringify(value) : encodeSimple(value, String, field.explode),
      );
    else cookies.push(`${name}=${encodeSimple(value, encodeURIComponent)}`);
  }
  for (const { placed, value } of secrets) {
    const text = placed.write(value);
    if (placed.place === "query") query.push([placed.name, text]);
    else if (placed.place === "cookie") cookies.push(`${placed.name}=${encodeURIComponent(text)}`);
    else headers[placed.name.toLowerCase()] = text;
  }
  if (cookies.length > 0) headers["cookie"] = cookies.join("; ");
  const url = addressOf(operation, { server, pieces, query });
  const file = fileOf(operation.body, input, files);
  if (file !== undefined) {
    headers["content-type"] = mediaTypeOf(operation.body!, file);
    return { url, method: operation.method, headers, body: file.bytes };
  }
  const body = bodyOf(operation.body, input, files);
  if (typeof body === "string") headers["content-type"] = operation.body!.mediaType;
  return { url, method: operation.method, headers, body };
}

function pathPiece({ name, explode }: PlacedField, value: JsonValue): string {
  const piece = encodeSimple(value, encodeURIComponent, explode);
  // Addresses are shortened when they are sent.
  if (piece === "" || piece === "." || piece === "..")
    throw new RoostError("invalid_input", `${name} cannot be "${piece}"`);
  return piece;
}

function addressOf(
  { path, id, base }: ThirdPartyOperation,
  {
    server: ofService,
    pieces,
    query,
  }: { server: string; pieces: ReadonlyMap<string, string>; query: [string, string][] },
): string {
  // What stands behind # only tells operations of one path apart.
  const filled = path.replace(/#.*$/s, "").replaceAll(/\{([^{}]+)\}/g, (_match, name: string) => {
    const piece = pieces.get(name);
    if (piece === undefined) throw new RoostError("invalid_input", `${id} needs ${name}`);
    return piece;
  });
  const server = base === undefined ? ofService : new URL(ofService).origin + base;
  const url = `${server}${filled}${query.length === 0 ? "" : `${filled.includes("?") ? "&" : "?"}${encodePairs(query)}`}`;
  if (new URL(url).href.startsWith(new URL(`${server}/`).href)) return url;
  throw new RoostError("invalid_input", `${id} cannot be called: its path ${path} leads elsewhere`);
}

function headerText(name: string, text: string): string {
  if (/^[\t\x20-\x7e]*$/.test(text)) return text;
  throw new RoostError("invalid_input", `${name} is sent as a header: give one line of printable ASCII characters`);
}

/** Ids of the parts that a call sends. */
export function fileIdsOf({ body }: ThirdPartyOperation, input: JsonObject): string[] {
  const given = givenOf(body, input);
  const values = isFileItself(body)
    ? [given ?? []].flat()
    : (body?.files ?? []).flatMap((name) => (isJsonObject(given) ? (given[name] ?? []) : []));
  const ids = values.flatMap((value) =>
    typeof value === "string" && new RegExp(fileIdPattern).test(value) ? value : [],
  );
  return [...new Set(ids)];
}

function isFileItself(body: SentBody | undefined): boolean {
  return body?.field !== undefined && body.files.includes(body.field);
}

/** The file that is the whole body. */
function fileOf(
  body: SentBody | undefined,
  input: JsonObject,
  files: ReadonlyMap<string, SentFile>,
): SentFile | undefined {
  return isFileItself(body) ? files.get(String(givenOf(body, input))) : undefined;
}

/** As the document names it; where that is any of a kind, as the file is of it. */
function mediaTypeOf({ mediaType }: SentBody, file: SentFile): string {
  const [kind = "", name] = mediaType.split("/");
  if (name !== "*") return mediaType;
  if (kind === "*" || file.mediaType.startsWith(`${kind}/`)) return file.mediaType;
  throw new RoostError("invalid_input", `the file is ${file.mediaType}: the service takes ${mediaType}`);
}

function givenOf(body: SentBody | undefined, input: JsonObject): JsonValue | undefined {
  return body?.field === undefined ? pick(input, body?.fields ?? []) : input[body.field];
}

function bodyOf(
  body: SentBody | undefined,
  input: JsonObject,
  files: ReadonlyMap<string, SentFile>,
): string | FormData | undefined {
  if (body === undefined) return undefined;
  const given = givenOf(body, input);
  if (given === undefined) return undefined;
  if (body.mediaType === "text/plain" || isTextType(body.mediaType))
    return typeof given === "string" ? given : JSON.stringify(given);
  const entries = isJsonObject(given) ? Object.entries(given) : [];
  if (body.mediaType === multipartMediaType) return formOf(entries, body, files);
  if (body.mediaType !== "application/x-www-form-urlencoded") return JSON.stringify(given);
  return encodePairs(entries.flatMap(([name, value]) => formPairs(name, value, body)));
}

/** Lists are repeated, objects are JSON (OpenAPI 3.1, Special Considerations for multipart Content). */
function formOf(
  entries: readonly [string, JsonValue][],
  body: SentBody,
  files: ReadonlyMap<string, SentFile>,
): FormData {
  const form = new FormData();
  for (const [name, value] of entries)
    for (const each of Array.isArray(value) ? value : [value]) {
      const file = body.files.includes(name) && typeof each === "string" ? files.get(each) : undefined;
      if (file === undefined) form.append(name, typeof each === "string" ? each : JSON.stringify(each));
      else form.append(name, new File([file.bytes], file.name, { type: file.mediaType }));
    }
  return form;
}

/** Objects in forms have brackets where the document does not say otherwise: what most servers read. */
function formPairs(name: string, value: JsonValue, { encoding }: SentBody): [string, string][] {
  const style = encoding[name];
  return style?.style === undefined && isJsonObject(value) ? deepPairs(name, value) : pairsOf(name, value, style ?? {});
}

function pick(input: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(input).filter(([name]) => names.includes(name)));
}
