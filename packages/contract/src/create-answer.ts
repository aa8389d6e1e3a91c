/** Builds the response of an output: JSON with its revision as ETag, or content. */
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
  if (operation.answersContent !== undefined) return contentResponse(output as Content, headers);
  const tag = operation.revision === undefined ? undefined : tagOf(output, operation.revision.of);
  if (tag === undefined) return context.json(output as object, 200, headers);
  headers["etag"] = tag;
  // Can be cached and revalidated; `no-store` would prevent that.
  headers["cache-control"] = "no-cache, private";
  const known = operation.method === "GET" ? (context.req.header("if-none-match") ?? "") : "";
  const isKnown = known.split(",").some((each) => each.trim().replace(/^W\//, "") === tag);
  return isKnown ? new Response(null, { status: 304, headers }) : context.json(output as object, 200, headers);
}

function contentResponse({ mediaType, bytes, filename }: Content, headers: Record<string, string>): Response {
  const shown = { ...headers, "content-type": mediaType, "content-length": String(bytes.byteLength) };
  if (filename === undefined) return new Response(bytes, { headers: shown });
  // RFC 6266: the plain name for old clients, the encoded one for all others.
  const plain = filename.replaceAll(/[^A-Za-z0-9._ -]/g, "_");
  const disposition = `attachment; filename="${plain}"; filename*=UTF-8''${encodeURIComponent(filename)}`;
  return new Response(bytes, { headers: { ...shown, "content-disposition": disposition } });
}

function tagOf(output: unknown, path: string): string | undefined {
  let value = output;
  for (const name of path.split(".")) value = (value as Record<string, unknown> | null | undefined)?.[name];
  return typeof value === "string" || typeof value === "number" ? `"${String(value)}"` : undefined;
}
