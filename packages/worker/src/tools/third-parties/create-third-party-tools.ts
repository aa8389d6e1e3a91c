/**
 * Operations of services of other makers as tools, for agents whose definition names the service. The worker calls them itself, under the same rules
 * for addresses as the http tools; secrets are resolved for each call and taken out of whatever comes back.
 */
import type { JsonSchemaInput, Tool, ToolCall, ToolResult } from "@roost/agent";
import { RoostError, toRoostError, type JsonObject, type JsonValue } from "@roost/base";
import { createValidator, type OpenApiDocument } from "@roost/contract";
import { untrustedFrom } from "@roost/contract/labels";
import { buildRequest, describeOperations, placedSecretsOf, type ThirdPartyOperation } from "@roost/openapi";
import type { StoredThirdParty, ThirdParties } from "@roost/service";
import type { AddressRules } from "../../http/check-address.ts";
import { guardedFetch, type GuardedReply } from "../../http/guarded-fetch.ts";
import type { ToolsFor } from "../create-tools-for.ts";
import { createRedaction } from "./create-redaction.ts";

export interface ThirdPartyToolsOptions {
  thirdParties: ThirdParties;
  rules: AddressRules;
  /** What a reference stands for, for one call. */
  resolveSecret: (reference: string) => Promise<string>;
}

interface KnownThirdParty {
  service: StoredThirdParty;
  document: OpenApiDocument;
  operations: readonly KnownOperation[];
}

interface KnownOperation {
  operation: ThirdPartyOperation;
  /** The same object in every run, as a key of caches. */
  input: JsonSchemaInput;
}

/** Longer answers are cut, and say so: a model reads them. */
const answerBytesMax = 200_000;
/** Statuses after which it is not known whether the call was carried out. */
const unknownStatuses = new Set([408, 500, 502, 504]);

export function createThirdPartyTools(options: ThirdPartyToolsOptions): ToolsFor {
  const known = new Map<string, KnownThirdParty>();
  const find = async (service: StoredThirdParty): Promise<KnownThirdParty> => {
    const kept = known.get(service.name);
    if (kept?.service.hash === service.hash) return kept;
    const document = await options.thirdParties.documentOf(service.name);
    const operations = describeOperations(document).map((operation) => ({ operation, input: inputOf(operation) }));
    const made = { service, document, operations };
    known.set(service.name, made);
    return made;
  };
  return async (_run, { services = [] }) => {
    if (services.length === 0) return [];
    const named = (await options.thirdParties.list()).filter(({ name }) => services.includes(name));
    const found = await Promise.all(named.map(find));
    return found.flatMap((one) => one.operations.map((each) => createTool(one, each, options)));
  };
}

function inputOf({ input: jsonSchema }: ThirdPartyOperation): JsonSchemaInput {
  return { jsonSchema, validate: (value) => createValidator(jsonSchema)(value) };
}

function createTool(
  found: KnownThirdParty,
  { operation, input: schema }: KnownOperation,
  options: ThirdPartyToolsOptions,
): Tool<JsonObject> {
  const { name, title, server, hash } = found.service;
  const { id, summary, description, effect } = operation;
  const { host, hostname } = new URL(server);
  const labels = untrustedFrom("web", hostname);
  return {
    name: `${name}_${id}`,
    description: `${title}: ${summary}.${description === "" || description === summary ? "" : ` ${description}`}`,
    effect,
    input: schema,
    origin: { kind: "service", name, version: hash.slice(0, 12) },
    labelsOf: () => labels,
    reach: () => ({ target: host, isOutside: true }),
    execute: (input, call) => send(found, operation, { input, call, ...options }),
  };
}

interface SentCall extends ThirdPartyToolsOptions {
  input: JsonObject;
  call: ToolCall;
}

async function send(
  { service, document }: KnownThirdParty,
  operation: ThirdPartyOperation,
  { input, call, rules, resolveSecret }: SentCall,
): Promise<ToolResult> {
  const redaction = createRedaction();
  try {
    const placed = placedSecretsOf(operation, { document, given: service.secrets.map(({ scheme }) => scheme) });
    const secrets = await Promise.all(
      placed.map(async (one) => {
        const { reference } = service.secrets.find(({ scheme }) => scheme === one.scheme)!;
        const value = await resolveSecret(reference);
        redaction.add(value, { name: one.scheme, written: one.write(value) });
        return { placed: one, value };
      }),
    );
    const request = buildRequest(operation, input, { server: service.server, secrets });
    refusePlain(request.url, rules);
    const headers = {
      ...request.headers,
      ...(operation.effect === "readonly" ? {} : { "idempotency-key": call.idempotencyKey }),
    };
    const secretHeaders = placed.filter(({ place }) => place === "header").map(({ name }) => name);
    const reply = await guardedFetch(
      { ...request, headers, secretHeaders },
      { rules, signal: call.signal, bodyBytesMax: answerBytesMax },
    );
    return toResult(operation, { ...reply, text: redaction.clean(reply.text) });
  } catch (error) {
    const { code, message, details } = toRoostError(error);
    const told = redaction.clean(message);
    if (details?.["wasSent"] === true && operation.effect === "unsafe")
      return {
        state: "unknown",
        message: `${operation.method} ${operation.path}: ${told}; it may have been carried out`,
      };
    return { state: "failed", code, message: told };
  }
}

/** Secrets and what is private go over TLS; to a host of the person's own network as the settings allow it. */
function refusePlain(address: string, { allow }: AddressRules): void {
  const url = new URL(address);
  if (url.protocol === "https:" || allow.some((rule) => rule === url.host || rule === url.hostname)) return;
  throw new RoostError(
    "forbidden",
    `${url.host} would be called without TLS: to allow it, add "${url.host}" under http.allow in roost.yaml`,
  );
}

function toResult(
  operation: ThirdPartyOperation,
  { status, contentType, text, isTruncated }: GuardedReply,
): ToolResult {
  const body: JsonValue = isTruncated || !contentType.includes("json") ? text : parse(text);
  const output = {
    status,
    body,
    ...(isTruncated && { isTruncated: true, note: `cut after ${answerBytesMax} bytes: ask for less at a time` }),
  };
  if (status < 400) return { state: "done", output };
  const message = `it answered with status ${status}: ${typeof body === "string" ? body.slice(0, 1_000) : JSON.stringify(body).slice(0, 1_000)}`;
  if (unknownStatuses.has(status) && operation.effect === "unsafe") return { state: "unknown", message };
  return { state: "failed", code: codeOf(status), message };
}

function parse(text: string): JsonValue {
  try {
    return text === "" ? null : (JSON.parse(text) as JsonValue);
  } catch {
    return text;
  }
}

function codeOf(status: number) {
  if (status === 401) return "unauthenticated" as const;
  if (status === 403) return "forbidden" as const;
  if (status === 404 || status === 410) return "not_found" as const;
  if (status === 409 || status === 412) return "conflict" as const;
  if (status === 429 || status === 413) return "limit_exceeded" as const;
  return status < 500 ? ("invalid_input" as const) : ("unavailable" as const);
}
