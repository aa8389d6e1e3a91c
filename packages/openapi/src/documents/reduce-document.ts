/**
 * Makes a small document of the chosen operations: whole in itself, with one way to send each input, effect classes and names that are accepted as
 * those of tools. What cannot be called from here is left out, with the reason.
 */
import { isJsonObject, jsonObjectOf, RoostError, type JsonObject, type JsonValue } from "@roost/base";
import { createValidator, readParameters, resolveReference, type Effect, type OpenApiDocument } from "@roost/contract";
import { describeOperations } from "../describe-operations.ts";
import { chooseBody } from "./choose-body.ts";
import { createSchemaCleaner, type SchemaCleaner } from "./create-schema-cleaner.ts";
import { nameOperation, type NamedOperation } from "./name-operation.ts";
import { shorten } from "./shorten.ts";

export interface ReduceOptions {
  /** Of the service in this home: the names of its tools begin with it. */
  name: string;
  /** Ids of operations; `*` stands for any characters. Default: those of `kept`, or all. */
  only?: readonly string[] | undefined;
  /** What was chosen before, and how: it stays so where nothing else is said. Those that the document has no more are left out. */
  kept?: readonly { id: string; effect: Effect }[];
  /** By id, as the document or as the tool has it. Others are guessed from the method. */
  effects?: Readonly<Record<string, Effect>>;
  /** Where it is called; default: the first server of the document. */
  server?: string | undefined;
}

export interface LeftOut {
  id: string;
  why: string;
}

export interface ReducedDocument {
  document: OpenApiDocument;
  title: string;
  server: string;
  leftOut: LeftOut[];
}

const methods = ["get", "head", "put", "post", "patch", "delete"] as const;
/** An agent that is to find its way among more has been given too much. */
const operationsMax = 300;
const inputCharsMax = 100_000;
/** What the API takes in one request, with room for the rest of it. */
const documentCharsMax = 900_000;
const summaryCharsMax = 200;
const descriptionCharsMax = 500;
const parameterCharsMax = 200;
const schemesMax = 50;

/** @throws RoostError `invalid_input` when nothing is left to be called, `limit_exceeded` when it is too much */
export function reduceDocument(
  given: OpenApiDocument,
  { kept: before = [], ...asked }: ReduceOptions,
): ReducedDocument {
  const server = findServer(given, asked.server);
  const all = listOperations(given, asked.name);
  refuseUnknown(all, asked);
  const isThere = ({ id }: { id: string }) => all.some((one) => one.id === id);
  const gone = before.filter((one) => !isThere(one)).map(({ id }) => ({ id, why: "the document has it no more" }));
  const only = asked.only ?? (before.length === 0 ? ["*"] : before.filter(isThere).map(({ id }) => id));
  const effects = { ...Object.fromEntries(before.map(({ id, effect }) => [id, effect])), ...asked.effects };
  const options = { ...asked, only, effects };
  const chosen = all.filter(({ id, originalId }) => only.some((form) => fits(form, id) || fits(form, originalId)));
  if (chosen.length > operationsMax)
    throw new RoostError(
      "limit_exceeded",
      `the document has ${chosen.length} operations (limit ${operationsMax}): choose with --only, as in --only "${chosen[0]!.originalId},…"`,
    );
  let written = write(given, chosen, { ...options, server });
  const operations = describeOperations(written.document);
  // A schema that no validator takes, or a very long one, keeps its own operation away and no other.
  const faulty = operations.flatMap(({ id, input }) => findFault(input).map((why) => ({ id, why })));
  if (faulty.length > 0) {
    const sound = chosen.filter((one) => !faulty.some(({ id }) => id === one.id));
    written = write(given, sound, { ...options, server });
  }
  const { document } = written;
  const leftOut = [...gone, ...written.leftOut, ...faulty];
  const count = operations.length - faulty.length;
  if (count === 0)
    throw new RoostError("invalid_input", `none of the operations can be called: ${listReasons(leftOut)}`);
  const chars = JSON.stringify(document).length;
  if (chars > documentCharsMax)
    throw new RoostError(
      "limit_exceeded",
      `the ${count} operations are described in ${chars} characters (limit ${documentCharsMax}): choose fewer with --only`,
    );
  return { document, title: shorten(jsonObjectOf(given["info"])["title"], 80) || options.name, server, leftOut };
}

function listReasons(leftOut: readonly LeftOut[]): string {
  return leftOut
    .slice(0, 3)
    .map(({ id, why }) => `${id}: ${why}`)
    .join("; ");
}

function findFault(input: JsonObject): string[] {
  const chars = JSON.stringify(input).length;
  if (chars > inputCharsMax) return [`its input is described in ${chars} characters (limit ${inputCharsMax})`];
  try {
    createValidator(input);
    return [];
  } catch (error) {
    return [(error as Error).message.slice(0, 200)];
  }
}

function refuseUnknown(all: readonly NamedOperation[], { only = [], effects = {} }: ReduceOptions): void {
  for (const form of [...only, ...Object.keys(effects)])
    if (!all.some(({ id, originalId }) => fits(form, id) || fits(form, originalId)))
      throw new RoostError("not_found", `the document has no operation "${form}"`);
}

/** `*` stands for any characters. */
function fits(form: string, id: string): boolean {
  const parts = form.split("*").map((part) => part.replaceAll(/[\\^$.|?+()[\]{}]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join(".*")}$`).test(id);
}

function listOperations(document: OpenApiDocument, service: string): NamedOperation[] {
  const found: NamedOperation[] = [];
  const taken = new Set<string>();
  for (const [path, given] of Object.entries(jsonObjectOf(document["paths"]))) {
    const item = resolveReference(document, given);
    for (const method of methods)
      if (isJsonObject(item[method]))
        found.push(nameOperation({ path, method, item, described: item[method] }, { service, taken }));
  }
  return found;
}

interface WriteOptions extends ReduceOptions {
  server: string;
}

function write(
  given: OpenApiDocument,
  chosen: readonly NamedOperation[],
  options: WriteOptions,
): Pick<ReducedDocument, "document" | "leftOut"> {
  const leftOut: LeftOut[] = [];
  const cleaner = createSchemaCleaner(given);
  const paths: Record<string, JsonObject> = {};
  for (const operation of chosen) {
    const written = writeOperation(given, operation, { ...options, cleaner });
    if (typeof written === "string") {
      leftOut.push({ id: operation.id, why: written });
      continue;
    }
    (paths[operation.path] ??= {})[operation.method] = written;
  }
  const all = jsonObjectOf(jsonObjectOf(given["components"])["securitySchemes"]);
  const securitySchemes = Object.fromEntries(
    Object.entries(all)
      .slice(0, schemesMax)
      .map(([name, scheme]) => [name, schemeOf(resolveReference(given, scheme))]),
  );
  const info = jsonObjectOf(given["info"]);
  const document = {
    openapi: "3.1.0",
    info: { title: shorten(info["title"], 80) || options.name, version: String(info["version"] ?? "").slice(0, 40) },
    servers: [{ url: options.server }],
    ...(given["security"] !== undefined && { security: given["security"] }),
    paths,
    components: { securitySchemes, schemas: cleaner.components() },
  };
  return { document, leftOut };
}

/** A token is sent as one; where a program asks for it is kept for those who give its id and secret. */
function schemeOf({ type, scheme, in: place, name, flows }: JsonObject): JsonObject {
  if (type === "oauth2" || type === "openIdConnect") {
    const { tokenUrl } = jsonObjectOf(jsonObjectOf(flows)["clientCredentials"]);
    return { type: "http", scheme: "bearer", ...(typeof tokenUrl === "string" && { "x-roost-token-url": tokenUrl }) };
  }
  return { type: type!, ...(type === "apiKey" ? { in: place!, name: name! } : scheme !== undefined && { scheme }) };
}

/** The reason when it cannot be called from here. */
function writeOperation(
  document: OpenApiDocument,
  { id, originalId, path, described, item, method }: NamedOperation,
  { cleaner, effects = {}, server }: WriteOptions & { cleaner: SchemaCleaner },
): JsonObject | string {
  const servers = [described["servers"] ?? item["servers"] ?? []].flat().map((each) => urlOf(jsonObjectOf(each)));
  const elsewhere = servers.find((url) => ownPathOf(document, url, server) === undefined);
  if (elsewhere !== undefined) return `it is called at ${elsewhere.slice(0, 100)}, not at the service's server`;
  const base = servers.length === 0 ? undefined : ownPathOf(document, servers[0], server);
  const isOfItsOwn = base !== undefined && base !== ownPathOf(document, "", server);
  const parameters: JsonObject[] = [];
  for (const each of readParameters(document, item["parameters"], described["parameters"])) {
    const parameter = writeParameter(each, cleaner);
    if (typeof parameter === "string") return parameter;
    if (parameter !== undefined) parameters.push(parameter);
  }
  const missing = [...path.matchAll(/\{([^{}]+)\}/g)].find(
    ([, piece]) => !parameters.some(({ name, in: place }) => place === "path" && name === piece),
  );
  if (missing !== undefined) return `its path needs ${missing[1]}, which the document does not describe`;
  // Bodies of requests that only read have no meaning (RFC 9110 §9.3.1).
  const hasBody = method !== "get" && method !== "head";
  const body = hasBody ? chooseBody(document, described["requestBody"], cleaner) : undefined;
  const { security } = described;
  return {
    operationId: id,
    summary: shorten(described["summary"], summaryCharsMax) || shorten(described["description"], summaryCharsMax) || id,
    description: shorten(described["description"], descriptionCharsMax),
    "x-roost-effect": effects[id] ?? effects[originalId] ?? guessEffect(method),
    parameters,
    ...(body !== undefined && { requestBody: body }),
    ...(security !== undefined && { security }),
    ...(isOfItsOwn && { "x-roost-base": base }),
    responses: { default: { description: "" } },
  };
}

const places = new Set<JsonValue | undefined>(["path", "query", "header", "cookie"]);
/** OpenAPI says that these are described elsewhere; the others belong to the connection. */
const ownHeaders =
  /^(?:accept|content-type|authorization|cookie|host|content-length|connection|transfer-encoding|idempotency-key)$/i;

/** Undefined: it is not the caller's. The reason when it cannot be sent. */
function writeParameter(given: JsonObject, { clean }: SchemaCleaner): JsonObject | string | undefined {
  const { name, in: place, required, description, schema, content, style, explode } = given;
  if (typeof name !== "string" || !places.has(place))
    return required === true ? "a required parameter is described in another document" : undefined;
  if (place === "header" && ownHeaders.test(name)) return undefined;
  if (place === "path" && style !== undefined && style !== "simple")
    return `its path has values of the style ${String(style)}`;
  const [mediaType] = Object.keys(jsonObjectOf(content));
  const form = mediaType === undefined ? schema : jsonObjectOf(jsonObjectOf(content)[mediaType])["schema"];
  return {
    name,
    in: place!,
    required: place === "path" || required === true,
    description: shorten(description, parameterCharsMax),
    schema: clean(form),
    ...(mediaType !== undefined && { "x-roost-json": true }),
    ...(style !== undefined && { style }),
    ...(explode !== undefined && { explode }),
  };
}

function guessEffect(method: string): Effect {
  if (method === "get" || method === "head") return "readonly";
  return method === "put" || method === "delete" ? "idempotent" : "unsafe";
}

/**
 * The path of an operation's own server, without a slash at its end; undefined where that is another. It is compared with the document's own: where
 * the whole is called elsewhere, these are too.
 */
function ownPathOf(document: OpenApiDocument, url: string | undefined, server: string): string | undefined {
  const written = writtenServer(document);
  const own = isServer(written) ? written : server;
  const found = typeof url === "string" ? URL.parse(url, own) : null;
  return found?.origin === new URL(own).origin ? found.pathname.replace(/\/+$/, "") : undefined;
}

/** @throws RoostError `invalid_input` when it is no address */
function findServer(document: OpenApiDocument, given: string | undefined): string {
  const server = given ?? writtenServer(document);
  if (!isServer(server))
    throw new RoostError(
      "invalid_input",
      `the document says "${server.slice(0, 100)}" for its server: give its address with --server`,
    );
  const { username, password, search, hash } = new URL(server);
  if (username + password + search + hash !== "")
    throw new RoostError(
      "invalid_input",
      "the server's address has more than host and path: give it with --server, and what is secret with --secret",
    );
  return server.replace(/\/+$/, "");
}

function writtenServer(document: OpenApiDocument): string {
  const [first] = Array.isArray(document["servers"]) ? document["servers"] : [];
  return urlOf(jsonObjectOf(first));
}

/** Of a server, with the defaults of its variables. */
function urlOf({ url, variables }: JsonObject): string {
  const defaultOf = (name: string) => String(jsonObjectOf(jsonObjectOf(variables)[name])["default"] ?? "");
  return typeof url === "string" ? url.replaceAll(/\{([^{}]+)\}/g, (_match, name: string) => defaultOf(name)) : "";
}

function isServer(url: string): boolean {
  return URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
}
