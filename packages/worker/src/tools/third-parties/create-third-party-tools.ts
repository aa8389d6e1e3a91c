/**
 * Operations of services of other makers as tools, for agents whose definition names the service. The worker calls them itself, under the same rules
 * for addresses as the http tools; secrets are resolved for each call and taken out of whatever comes back.
 */
import type { JsonSchemaInput, Tool, ToolResult } from "@roost/agent";
import { RoostError, toRoostError, type Clock, type JsonObject, type JsonValue } from "@roost/base";
import { createValidator, type OpenApiDocument } from "@roost/contract";
import { joinLabels, untrustedFrom, type Labels } from "@roost/contract/labels";
import type { AgentDefinition } from "@roost/contract/operations";
import type { Part } from "@roost/contract/part";
import type { ClaimedRun } from "@roost/kernel";
import {
  describeOperations,
  fileIdsOf,
  placedSecretsOf,
  type SentFile,
  type ThirdPartyOperation,
} from "@roost/openapi";
import type { StoredThirdParty, ThirdParties } from "@roost/service";
import type { AddressRules } from "../../http/check-address.ts";
import type { GuardedReply } from "../../http/guarded-fetch.ts";
import type { ToolsFor } from "../create-tools-for.ts";
import { createProgramTokens } from "./create-program-tokens.ts";
import { createRedaction } from "./create-redaction.ts";
import { answerBytesMax, sendCall, sentBytesMax, type CallGiven } from "./send-call.ts";

export interface ThirdPartyToolsOptions {
  thirdParties: ThirdParties;
  rules: AddressRules;
  /** What a reference stands for, for one call. */
  resolveSecret: (reference: string) => Promise<string>;
  clock: Clock;
  /** Files that a run sends and is given. */
  filesOf: (run: ClaimedRun, agent: AgentDefinition) => RunFiles;
}

export interface RunFiles {
  /** @throws RoostError `not_found`, also for what the run may not know */
  find(id: string): Promise<FoundFile>;
  keep(file: SentFile & { labels: Labels }): Promise<Part>;
}

export interface FoundFile extends Omit<SentFile, "bytes"> {
  byteCount: number;
  labels: Labels;
  read(): Promise<Uint8Array<ArrayBuffer>>;
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

/** Statuses after which it is not known whether the call was carried out. */
const unknownStatuses = new Set([408, 500, 502, 504]);

/** Tools of the services that are named, for who sends and is given these files. */
export type ThirdPartyCatalogue = (
  isNamed: (service: string) => boolean,
  files: RunFiles,
) => Promise<Tool<JsonObject>[]>;

export function createThirdPartyTools({ filesOf, ...options }: ThirdPartyToolsOptions): ToolsFor {
  const catalogue = openThirdPartyCatalogue(options);
  return async (run, agent) => {
    const { services = [] } = agent;
    if (services.length === 0) return [];
    return catalogue((name) => services.includes(name), filesOf(run, agent));
  };
}

export function openThirdPartyCatalogue(options: Omit<ThirdPartyToolsOptions, "filesOf">): ThirdPartyCatalogue {
  const known = new Map<string, KnownThirdParty>();
  const tokens = createProgramTokens(options);
  const find = async (service: StoredThirdParty): Promise<KnownThirdParty> => {
    const kept = known.get(service.name);
    if (kept?.service.hash === service.hash) return kept;
    const document = await options.thirdParties.documentOf(service.name);
    const operations = describeOperations(document).map((operation) => ({ operation, input: inputOf(operation) }));
    const made = { service, document, operations };
    known.set(service.name, made);
    return made;
  };
  return async (isNamed, files) => {
    const named = (await options.thirdParties.list()).filter(({ name }) => isNamed(name));
    const found = await Promise.all(named.map(find));
    return found.flatMap((one) => one.operations.map((each) => createTool(one, each, { ...options, files, tokens })));
  };
}

/** Its expressions are another maker's: one that takes for ever would hold up the worker. The service checks what it is sent. */
function inputOf({ input: jsonSchema }: ThirdPartyOperation): JsonSchemaInput {
  let validate: ReturnType<typeof createValidator> | undefined;
  return {
    jsonSchema,
    validate: (value) => (validate ??= createValidator(jsonSchema, { withPatterns: false }))(value),
  };
}

function createTool(
  found: KnownThirdParty,
  { operation, input: schema }: KnownOperation,
  options: Pick<SentCall, "files" | "rules" | "resolveSecret" | "tokens">,
): Tool<JsonObject> {
  const { name, title, server, hash } = found.service;
  const { id, summary, description, effect } = operation;
  const targets = [...new Set([new URL(server).host, ...tokenHostsOf(found, operation)])];
  const reach = { target: targets.join(" "), ...(targets.length > 1 && { targets }), isOutside: true };
  const labels = labelsOf(found.service);
  return {
    name: `${name}_${id}`,
    description: `${title}: ${summary}.${description === "" || description === summary ? "" : ` ${description}`}`,
    effect,
    input: schema,
    origin: { kind: "service", name, version: hash.slice(0, 12) },
    labelsOf: () => labels,
    reach: () => reach,
    execute: (input, call) => send(found, operation, { input, call, redaction: createRedaction(), ...options }),
  };
}

interface SentCall extends Omit<CallGiven, "files"> {
  files: RunFiles;
}

async function send(found: KnownThirdParty, operation: ThirdPartyOperation, given: SentCall): Promise<ToolResult> {
  const { input, files, redaction } = given;
  let wasAnswered = false;
  try {
    const sent = await readFiles(fileIdsOf(operation, input), files);
    const reply = await sendCall(found, operation, { ...given, files: sent });
    wasAnswered = true;
    const result = toResult(operation, { ...reply, text: redaction.clean(reply.text) });
    const labels = joinLabels(labelsOf(found.service), ...[...sent.values()].map((file) => file.labels));
    if (result.state !== "done") return { ...result, labels };
    const { media, contentType: mediaType } = reply;
    if (media === undefined) return { ...result, labels };
    // It may be made of what was sent.
    const part = await files.keep({ name: operation.id, mediaType, bytes: media, labels });
    return {
      state: "done",
      output: { status: reply.status, body: `(a file: ${part.mediaType})` },
      parts: [part],
      labels,
    };
  } catch (error) {
    const { code, message, details } = toRoostError(error);
    const told = redaction.clean(message);
    if ((wasAnswered || details?.["wasSent"] === true) && operation.effect === "unsafe")
      return {
        state: "unknown",
        message: `${operation.method} ${operation.path}: ${told}; it may have been carried out`,
      };
    return { state: "failed", code, message: told };
  }
}

/** Hosts that a call also reaches: those of its tokens. */
function tokenHostsOf({ service, document }: KnownThirdParty, operation: ThirdPartyOperation): string[] {
  try {
    const given = service.secrets.map(({ scheme }) => scheme);
    const urls = placedSecretsOf(operation, { document, given }).map(({ tokenUrl }) => tokenUrl);
    return urls.filter((url) => url !== undefined).map((url) => new URL(url).host);
  } catch {
    // The call itself says what is missing, and reaches nothing.
    return [];
  }
}

/** The sum is known before the first of them is in memory. */
async function readFiles(ids: readonly string[], files: RunFiles): Promise<Map<string, SentFile & { labels: Labels }>> {
  const found = await Promise.all(ids.map(async (id) => [id, await files.find(id)] as const));
  const byteCount = found.reduce((sum, [, file]) => sum + file.byteCount, 0);
  if (byteCount > sentBytesMax)
    throw new RoostError(
      "limit_exceeded",
      `the files have ${byteCount} bytes (limit ${sentBytesMax}): send fewer at a time`,
    );
  const sent = new Map<string, SentFile & { labels: Labels }>();
  for (const [id, { read, ...file }] of found) sent.set(id, { ...file, bytes: await read() });
  return sent;
}

/** What the server says is its own. */
function labelsOf({ server }: Pick<StoredThirdParty, "server">): Labels {
  return untrustedFrom("web", new URL(server).hostname);
}

function toResult(
  operation: ThirdPartyOperation,
  { status, contentType, text, isTruncated }: GuardedReply,
): Exclude<ToolResult, { state: "waiting" }> {
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
