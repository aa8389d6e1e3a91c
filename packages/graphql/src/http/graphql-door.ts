/**
 * Executes GraphQL documents over the live schema. Only JSON bodies are read: what a page of another site can send without asking is refused. The
 * gateway says who the caller is.
 */
import { createId, RoostError, toRoostError, type Logger } from "@roost/base";
import { createEventStreamResponse, toProblem, type Principal, type StreamItem } from "@roost/contract";
import { execute, GraphQLError, printSchema, subscribe, type ExecutionArgs, type ExecutionResult } from "graphql";
import { createHandler, type OperationArgs } from "graphql-http";
import type { Context } from "hono";
import { createDocumentReader, type ReadDocument, type ReadyDocument } from "../limits/read-document.ts";
import { createLiveSchema, type LiveSchemaOptions } from "../live-schema.ts";
import { createCallContext, type InnerRoutes } from "./call-context.ts";
import { describeError } from "./describe-error.ts";
import { createPersistedQueries } from "./persisted-queries.ts";
import { readRequest, type GraphqlRequest } from "./read-request.ts";

export interface GraphqlDoorOptions extends LiveSchemaOptions {
  principalOf: (context: Context) => Principal;
  /** Whether the caller is on this machine: only there the schema is told. */
  isLocal: (context: Context) => boolean;
  routes: InnerRoutes;
  logger: Logger;
  /** Aborted when the server stops. */
  shutdown: AbortSignal;
  keepAliveMs?: number;
}

export interface GraphqlDoor {
  answer(context: Context): Promise<Response>;
  printSchema(): Promise<string>;
}

const eventStream = "text/event-stream";

export function createGraphqlDoor(options: GraphqlDoorOptions): GraphqlDoor {
  const { logger, isLocal, shutdown, principalOf } = options;
  const schema = createLiveSchema(options);
  const read = createDocumentReader();
  const persisted = createPersistedQueries();

  const prepare = async ({ query, operationName, variables }: GraphqlRequest, context: Context) =>
    read({
      schema: await schema(),
      text: query ?? "",
      operationName: operationName ?? undefined,
      variables: variables ?? {},
      allowsIntrospection: isLocal(context),
    });

  const argsOf = (prepared: ReadyDocument, context: Context): OperationArgs<never> => {
    const { operation: _, ...given } = prepared;
    const callContext = createCallContext({
      request: context.req.raw,
      principal: principalOf(context),
      routes: options.routes,
    });
    return { ...given, contextValue: callContext as never };
  };

  const handle = createHandler<unknown, Context, never>({
    onSubscribe: async ({ context }, params) => {
      const prepared = await prepare(params, context);
      return "errors" in prepared ? prepared.errors : argsOf(prepared, context);
    },
    formatError: (error) => describeError(error, logger),
  });

  const answer = async (context: Context): Promise<Response> => {
    const given = await readRequest(context.req.raw);
    const query = persisted.textOf(given);
    if (query instanceof GraphQLError) return context.json({ errors: [query] }, 200);
    const asked = { ...given, query };
    if (accepts(context, eventStream)) return await answerStream(asked, context);
    const { method, url, headers } = context.req.raw;
    const address = method === "GET" ? withQuery(url, query) : url;
    const [body, init] = await handle({ method, url: address, headers, body: { ...asked }, raw: undefined, context });
    return new Response(body, { ...init, headers: { ...init.headers, "cache-control": "no-store" } });
  };

  const answerStream = async (asked: GraphqlRequest, context: Context): Promise<Response> => {
    const prepared = await prepare(asked, context);
    if (context.req.method === "GET" && "operation" in prepared && prepared.operation.operation === "mutation")
      throw new RoostError("invalid_input", "A mutation is sent with POST", { details: { httpStatus: 405 } });
    return createEventStreamResponse(
      context,
      resultsOf(prepared, { logger, argsOf: (ready) => argsOf(ready, context) }),
      {
        signal: AbortSignal.any([context.req.raw.signal, shutdown]),
        onClose: () => {},
        // A result that is too long for an event.
        describeError: (thrown) => toProblem(toRoostError(thrown), { instance: `urn:uuid:${createId()}` }),
        keepAliveMs: options.keepAliveMs,
        end: { event: "complete", data: "" },
      },
    );
  };

  return { answer, printSchema: async () => printSchema(await schema()) };
}

/** Results one after the other; what fails is a result too. */
async function* resultsOf(
  prepared: ReadDocument,
  { argsOf, logger }: { argsOf: (ready: ReadyDocument) => ExecutionArgs; logger: Logger },
): AsyncGenerator<StreamItem<unknown>> {
  const next = ({ data, errors }: ExecutionResult) => ({
    event: "next",
    data: { data, errors: errors?.map((error) => describeError(error, logger)) },
  });
  try {
    if ("errors" in prepared) return yield next(prepared);
    const isSubscription = prepared.operation.operation === "subscription";
    const results = await (isSubscription ? subscribe : execute)(argsOf(prepared));
    if (!(Symbol.asyncIterator in results)) return yield next(results);
    for await (const result of results) yield next(result);
  } catch (thrown) {
    const originalError = toRoostError(thrown);
    yield next({ errors: [new GraphQLError(originalError.message, { originalError })] });
  }
}

function withQuery(url: string, query: string | undefined): string {
  const whole = new URL(url);
  if (query !== undefined) whole.searchParams.set("query", query);
  return whole.href;
}

function accepts(context: Context, mediaType: string): boolean {
  return (context.req.header("accept") ?? "").split(",").some((each) => each.split(";")[0]?.trim() === mediaType);
}
