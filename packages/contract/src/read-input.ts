/** Reads an operation's input from a request: path, query, JSON or content, and headers that set fields. */
import { RoostError } from "@roost/base";
import type { Context } from "hono";
import type { AnyOperation } from "./define-operation.ts";
import { contentOf, isOneOf, type StreamedContent } from "./content.ts";
import { fromQuery, fromText } from "./query-values.ts";
import { boundedBody, readBytes, readJsonBody } from "./read-json-body.ts";

/** @throws RoostError `invalid_input` or `limit_exceeded`; `details.httpStatus` has the more precise status */
export async function readInput(
  operation: AnyOperation,
  context: Context,
  bodyBytesMax: number,
): Promise<Record<string, unknown>> {
  const { input, method, pathParameters, contentField } = operation;
  const hasJson = method !== "GET" && method !== "DELETE" && contentField === undefined;
  const given = hasJson
    ? await readJsonBody(context.req.raw, bodyBytesMax)
    : fromQuery(input, queryOf(context.req.url));
  for (const name of pathParameters) {
    if (Object.hasOwn(given, name)) {
      throw new RoostError(
        "invalid_input",
        `${name} is part of the path ${operation.path}: leave it out of the ${hasJson ? "body" : "query string"}`,
      );
    }
    given[name] = fromText(input.shape[name] as never, context.req.param(name) ?? "");
  }
  if (contentField !== undefined) given[contentField] = await readContent(operation, contentField, context);
  const lastId = operation.stream ? context.req.header("last-event-id") : undefined;
  // The header wins: a reconnecting browser sends it along with its original address.
  if (lastId !== undefined && lastId !== "") given["after"] = fromText(input.shape["after"] as never, lastId);
  takeRevision(operation, given, context);
  return given;
}

async function readContent(operation: AnyOperation, field: string, context: Context): Promise<StreamedContent> {
  const { mediaTypes, bytesMax, isStreamed } = contentOf(operation.input.shape[field] as never)!;
  const mediaType = context.req.header("content-type") ?? "";
  if (!isOneOf(mediaTypes, mediaType)) {
    throw new RoostError("invalid_input", `the body has content type "${mediaType}": send ${mediaTypes.join(" or ")}`, {
      details: { httpStatus: 415 },
    });
  }
  const bytes = isStreamed ? boundedBody(context.req.raw, bytesMax) : await readBytes(context.req.raw, bytesMax);
  return { mediaType, bytes };
}

/** If-Match sets the input field with the expected revision. */
function takeRevision({ revision, input }: AnyOperation, given: Record<string, unknown>, context: Context): void {
  const expected = revision?.expected;
  const header = context.req.header("if-match");
  if (expected === undefined || header === undefined || header.trim() === "*") return;
  const tag = /^(?:W\/)?"([^"]*)"$/.exec(header.trim())?.[1];
  if (tag === undefined) {
    throw new RoostError("invalid_input", `If-Match is ${header.slice(0, 64)}: send the ETag of an answer, in quotes`);
  }
  given[expected] = fromText(input.shape[expected] as never, tag);
}

function queryOf(url: string): URLSearchParams {
  const start = url.indexOf("?");
  return new URLSearchParams(start < 0 ? "" : url.slice(start));
}
