/** Builds the response of an output: JSON with its revision as ETag, or content. */
import { RoostError } from "@roost/base";
import type { Context } from "hono";
import type { Content } from "./content.ts";
import type { AnyOperation } from "./define-operation.ts";
import type { OperationAnswer } from "./run-operation.ts";

export const replayedHeader = "idempotency-replayed";

export function createAnswer(
  operation: AnyOperation,
  { output, isRepeated }: OperationAnswer,
  context: Context,
): Response {
  const headers: Record<string, string> = { "cache-control": "no-store" };
  if (isRepeated) headers[replayedHeader] = "true";
  if (operation.answersContent !== undefined) return contentResponse(output as Content, headers, context);
  const tag = operation.revision === undefined ? undefined : tagOf(output, operation.revision.of);
  if (tag === undefined) return context.json(output as object, 200, headers);
  const isKnown = takeTag(headers, tag, context);
  return isKnown ? new Response(null, { status: 304, headers }) : context.json(output as object, 200, headers);
}

/** Adds the ETag; whether the caller has what it names. */
function takeTag(headers: Record<string, string>, tag: string, { req }: Context): boolean {
  headers["etag"] = tag;
  // Can be cached and revalidated; `no-store` would prevent that.
  headers["cache-control"] = "no-cache, private";
  const known = req.method === "GET" ? (req.header("if-none-match") ?? "") : "";
  return known.split(",").some((each) => each.trim().replace(/^W\//, "") === tag);
}

function contentResponse(
  { mediaType, bytes, filename, sha256 }: Content,
  headers: Record<string, string>,
  context: Context,
): Response {
  headers["content-type"] = mediaType;
  if (filename !== undefined) headers["content-disposition"] = attachmentOf(filename);
  const tag = sha256 === undefined ? undefined : `"${sha256}"`;
  if (tag !== undefined && takeTag(headers, tag, context)) return new Response(null, { status: 304, headers });
  if (tag !== undefined) headers["accept-ranges"] = "bytes";
  const range = tag === undefined ? undefined : rangeOf(context, tag, bytes.byteLength);
  if (range === undefined) {
    headers["content-length"] = String(bytes.byteLength);
    return new Response(bytes, { headers });
  }
  const [from, to] = range;
  headers["content-range"] = `bytes ${from}-${to}/${bytes.byteLength}`;
  headers["content-length"] = String(to - from + 1);
  return new Response(bytes.subarray(from, to + 1), { status: 206, headers });
}

/** RFC 6266: the plain name for old clients, the encoded one for all others. */
function attachmentOf(filename: string): string {
  const plain = filename.replaceAll(/[^A-Za-z0-9._ -]/g, "_");
  return `attachment; filename="${plain}"; filename*=UTF-8''${encodeURIComponent(filename)}`;
}

/**
 * First and last byte of the one range that was asked for (RFC 9110, 14); undefined: all of them, which also answers what is not understood
 * and a range of other bytes than these.
 * @throws RoostError with status 416 when it begins behind the end
 */
function rangeOf({ req }: Context, tag: string, byteCount: number): [from: number, to: number] | undefined {
  const [, first = "", last = ""] = /^bytes=(\d*)-(\d*)$/.exec(req.header("range") ?? "") ?? [];
  if ((first === "" && last === "") || (req.header("if-range") ?? tag) !== tag) return undefined;
  // Ends before it begins: no range at all (14.1.1).
  if (first !== "" && last !== "" && Number(last) < Number(first)) return undefined;
  const from = first === "" ? Math.max(0, byteCount - Number(last)) : Number(first);
  const to = first === "" || last === "" ? byteCount - 1 : Math.min(Number(last), byteCount - 1);
  if (from <= to) return [from, to];
  throw new RoostError("invalid_input", `the range ${first}-${last} is none of these ${byteCount} bytes`, {
    details: { httpStatus: 416 },
  });
}

function tagOf(output: unknown, path: string): string | undefined {
  let value = output;
  for (const name of path.split(".")) value = (value as Record<string, unknown> | null | undefined)?.[name];
  return typeof value === "string" || typeof value === "number" ? `"${String(value)}"` : undefined;
}
