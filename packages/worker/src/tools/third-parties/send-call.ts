/**
 * Sends a call of another maker's service: with its secrets, and once more where the token that it had was refused. What is secret is given to the
 * redaction as soon as it is known.
 */
import type { ToolCall } from "@roost/agent";
import type { JsonObject } from "@roost/base";
import type { OpenApiDocument } from "@roost/contract";
import { partLimits } from "@roost/contract/part";
import {
  buildRequest,
  type BuiltRequest,
  type PlacedSecret,
  placedSecretsOf,
  type SentFile,
  type ThirdPartyOperation,
} from "@roost/openapi";
import type { StoredThirdParty } from "@roost/service";
import type { AddressRules } from "../../http/check-address.ts";
import { guardedFetch, guardedFetchLimits, type GuardedReply } from "../../http/guarded-fetch.ts";
import type { ProgramTokens } from "./create-program-tokens.ts";
import type { Redaction } from "./create-redaction.ts";
import { refusePlain } from "./refuse-plain.ts";

/** Longer answers are cut, and say so: a model reads them. */
export const answerBytesMax = 200_000;
/** Of a request with files. */
export const sentBytesMax = 25 * 1024 * 1024;

export interface Called {
  service: StoredThirdParty;
  document: OpenApiDocument;
}

export interface CallGiven {
  input: JsonObject;
  call: ToolCall;
  files: ReadonlyMap<string, SentFile>;
  rules: AddressRules;
  /** What a reference stands for, for one call. */
  resolveSecret: (reference: string) => Promise<string>;
  tokens: ProgramTokens;
  redaction: Redaction;
}

/**
 * Where its token was refused it is sent once more with another, unless it is unsafe.
 * @throws RoostError; `details.wasSent` says whether the call may have reached the service
 */
export async function sendCall(
  called: Called,
  operation: ThirdPartyOperation,
  given: CallGiven,
): Promise<GuardedReply> {
  for (let isFirst = true; ; isFirst = false) {
    const secrets = await secretsOf(called, operation, given);
    const reply = await sendOnce(called.service, operation, { ...given, secrets });
    if (reply.status !== 401) return reply;
    const hasAnother = secrets.filter((one) => one.refused?.() === true).length > 0;
    if (!isFirst || !hasAnother || operation.effect === "unsafe") return reply;
  }
}

interface Secret {
  placed: PlacedSecret;
  value: string;
  /** Of a token that was asked for: whether there will be another. */
  refused?: () => boolean;
}

/** Resolved for this call. Whatever is known from here on is taken out of what comes back. */
async function secretsOf(
  { service, document }: Called,
  operation: ThirdPartyOperation,
  { call, resolveSecret, tokens, redaction }: CallGiven,
): Promise<Secret[]> {
  const placed = placedSecretsOf(operation, { document, given: service.secrets.map(({ scheme }) => scheme) });
  return Promise.all(
    placed.map(async (one) => {
      const { reference } = service.secrets.find(({ scheme }) => scheme === one.scheme)!;
      const given = await resolveSecret(reference);
      redaction.add(given, { name: one.scheme, written: one.write(given) });
      if (one.tokenUrl === undefined) return { placed: one, value: given };
      const request = { service: service.name, url: one.tokenUrl, given, scheme: one.scheme, scopes: one.scopes ?? [] };
      const value = await tokens.tokenOf(request, call.signal);
      redaction.add(value, { name: one.scheme, written: one.write(value) });
      return { placed: one, value, refused: () => tokens.refused(request, value) };
    }),
  );
}

async function sendOnce(
  service: StoredThirdParty,
  operation: ThirdPartyOperation,
  { input, call, rules, files, secrets }: CallGiven & { secrets: readonly Secret[] },
): Promise<GuardedReply> {
  const request = buildRequest(operation, input, { server: service.server, secrets, files });
  refusePlain(request.url, rules);
  const { body, type } = await encodeBody(request.body);
  const headers = {
    ...request.headers,
    ...type,
    ...(operation.effect === "readonly" ? {} : { "idempotency-key": call.idempotencyKey }),
  };
  const inHeaders = secrets.filter(({ placed }) => placed.place === "header");
  return guardedFetch(
    { ...request, body, headers, secretHeaders: inHeaders.map(({ placed }) => placed.name) },
    {
      rules,
      signal: call.signal,
      bodyBytesMax: answerBytesMax,
      requestBytesMax: files.size === 0 ? guardedFetchLimits.requestBytesMax : sentBytesMax,
      mediaBytesMax: partLimits.bytesMax,
    },
  );
}

/** A form as bytes, with what separates its parts. */
async function encodeBody(body: BuiltRequest["body"]) {
  if (!(body instanceof FormData)) return { body, type: {} };
  const encoded = new Response(body);
  const type = encoded.headers.get("content-type") ?? "";
  return { body: new Uint8Array(await encoded.arrayBuffer()), type: { "content-type": type } };
}
