/** The HTTP surface: authentication, the operations under /api/v1, the OpenAPI document and a start page. Opens no port. */
import { allowedUntil, whileAllowed } from "./streams/while-allowed.ts";
import type { AccessTokens, InboundHooks, Signing } from "@roost/access";
import { RoostError, type Clock, type Logger } from "@roost/base";
import {
  createOpenApi,
  createProblemResponse,
  createRoutes,
  type KeepAnswer,
  type Principal,
  type OpenApiDocument,
  type RoutesOptions,
  type ServedContract,
} from "@roost/contract";
import type { Memory } from "@roost/memory";
import type { Proxy } from "@roost/proxy";
import { verifyRunToken as verifyToken, type Services } from "@roost/service";
import { attributes, traceparentOf, type Telemetry } from "@roost/telemetry";
import { createAgentOf } from "@roost/jobs";
import { Hono, type MiddlewareHandler } from "hono";
import { forwardServices, servicesPrefix } from "./forward-services.ts";
import type { RequestConnection } from "./listen.ts";
import type { AgentDoor } from "./openai/agents/create-agent-door.ts";
import { createOpenAiDoor, type OpenAiDoor } from "./openai/create-openai-door.ts";
import { createInnerRoutes } from "./inner-routes.ts";
import { hooksPath, serveHooks } from "./serve-hooks.ts";
import { mcpPath, serveMcp } from "./mcp/serve-mcp.ts";
import { createThirdPartyToolsOf } from "./mcp/third-party-tools.ts";
import { graphqlPath, serveGraphql } from "./serve-graphql.ts";
import { startPage } from "./start-page.ts";
import { graphiqlPath, serveGraphiql } from "./console/serve-graphiql.ts";
import { serveConsole } from "./console/serve-console.ts";
import type { BuiltConsole } from "./console/open-console.ts";
import { checkOrigin, type Arrival, type OriginRules } from "./security/check-origin.ts";
import {
  addressRate,
  callerRate,
  createRateLimits,
  type RateLimit,
  type RateLimits,
} from "./security/create-rate-limits.ts";
import { createBrowserSessions } from "./security/browser-session.ts";
import { createAuthentication, type Authentication } from "./security/create-authentication.ts";
import type { HostPlace } from "./security/host-place.ts";
import { createPairingRoutes, pairPath } from "./security/pairing-routes.ts";
import { createSessionRoutes } from "./security/session-routes.ts";
import { withKnowledge } from "./security/told-to.ts";
import type { Token } from "./security/open-token.ts";
import type { SignInCodes } from "./security/sign-in-codes.ts";

export const apiPrefix = "/api/v1";
const sessionPath = "/session";

export interface GatewayOptions {
  /** What is served under /api/v1. */
  api: ServedContract;
  token: Token;
  /** Of what a browser brings back. */
  signing: Signing;
  version: string;
  /** Read per request, because the port is known only once it is open. */
  origin: () => OriginRules;
  clock: Clock;
  logger: Logger;
  telemetry: Telemetry;
  keepAnswer: KeepAnswer;
  services: Services;
  memory: Memory;
  access: AccessTokens;
  /** Where a host that runs workers finds what it needs. */
  hostPlace: HostPlace;
  hooks: InboundHooks;
  proxy: Proxy;
  codes: SignInCodes;
  /** Where secrets by reference may be. */
  environment: NodeJS.ProcessEnv;
  /** Undefined: a start page stands in its place. */
  console?: BuiltConsole | undefined;
  agents: AgentDoor;
  /** Of a caller with a token. */
  callerRate?: RateLimit | undefined;
  /** Of an address. */
  addressRate?: RateLimit | undefined;
  /** Aborted when the server stops: streams end so that their readers reconnect. */
  shutdown: AbortSignal;
}

export interface Gateway {
  /** Without a connection nothing counts as asked on this machine. */
  fetch: (request: Request, connection?: RequestConnection) => Response | Promise<Response>;
  /** `/v1`, on the server's own requests. */
  door: OpenAiDoor;
}

/** How a request came in, and who calls. */
interface Asked {
  arrival: Arrival;
  principal: Principal;
  /** Of a stream that ends by itself when its caller is none any more. */
  allowed?: AbortSignal;
}

/** Refuses everything that no rule allows. */
export function createGateway(options: GatewayOptions): Gateway {
  const { logger } = options;
  const app = new Hono<{ Variables: Asked; Bindings: Partial<RequestConnection> }>();
  app.onError((error) => createProblemResponse(error, { logger }));
  app.notFound((context) =>
    createProblemResponse(
      new RoostError("not_found", `Nothing is served at ${context.req.path.slice(0, 200)}: see /openapi.json`),
      { logger },
    ),
  );
  app.use(secureHeaders);
  app.use(async (context, next) => {
    context.set("arrival", checkOrigin(context.req.raw.headers, options.origin(), context.env?.incoming?.socket));
    await next();
  });
  const rates = createRateLimits(options.clock);
  const rateOf = { address: options.addressRate ?? addressRate, caller: options.callerRate ?? callerRate };
  app.use(limitAddresses(rates, rateOf.address));
  app.get("/healthz", (context) => context.json({ status: "ok" }));
  if (options.console === undefined) app.get("/", (context) => context.html(startPage(options.version)));
  // Built at the first request: it costs a tenth of the start and is rarely read.
  let openApi: OpenApiDocument | undefined;
  const describe = () =>
    (openApi ??= createOpenApi(options.api.contract, { version: options.version, servers: [{ url: apiPrefix }] }));
  app.get("/openapi.json", (context) => context.json(describe()));

  const { token, signing, clock, services } = options;
  const { kernel } = services;
  const agentOf = createAgentOf(kernel);
  const verifyRunToken = async (given: string) =>
    withKnowledge({ kernel, agentOf }, await verifyToken(kernel.database, services.verifier, given));
  const sessions = createBrowserSessions({ signing, token, clock }, options.hostPlace.homeId);
  const authentication = createAuthentication({ token, sessions, verifyRunToken, access: options.access, clock });
  app.route(hooksPath, serveHooks(options.hooks, { logger }));
  app.route(sessionPath, createSessionRoutes({ authentication, sessions, codes: options.codes }));
  app.route(pairPath, createPairingRoutes({ ...options, authentication, sessions }));
  const authenticate = authenticateBy(authentication, { rates, rate: rateOf.caller, logger });
  if (options.console !== undefined) {
    const serveIde = serveGraphiql(options.console);
    for (const path of [graphiqlPath, `${graphiqlPath}/*`]) app.get(path, serveIde);
  }
  for (const prefix of [apiPrefix, servicesPrefix, graphqlPath]) app.use(`${prefix}/*`, authenticate);
  app.use(mcpPath, authenticate);
  const operations = serveOperations(options, authentication);
  const routes = new Hono();
  routes.route(apiPrefix, operations);
  routes.route(servicesPrefix, forwardServices({ services, clock, logger }));
  app.route("/", routes);
  const { directory } = services;
  const { version, shutdown, memory, environment } = options;
  const { homeAddress } = options.hostPlace;
  const thirdParties = { thirdParties: services.thirdParties, memory, environment, homeAddress };
  const thirdPartyTools = createThirdPartyToolsOf(thirdParties);
  const inner = createInnerRoutes({ own: apiPrefix, services: servicesPrefix, app: routes, logger });
  const offered = { routes: inner, document: describe, directory, logger, shutdown };
  app.route(graphqlPath, serveGraphql(offered));
  app.route(mcpPath, serveMcp({ ...offered, thirdPartyTools, memory, version, clock }));
  if (options.console !== undefined) {
    const serveFile = serveConsole(options.console, { ofServer });
    app.use(async (context, next) => serveFile(context.req.raw) ?? next());
  }
  const { proxy, agents, origin } = options;
  return {
    fetch: (request, connection) => app.fetch(request, connection),
    door: createOpenAiDoor({ proxy, agents, authentication, origin, logger, rates: { limits: rates, ...rateOf } }),
  };
}

/** Calls of services and agents inside come in by no connection: what carries their streams is looked after. */
function serveOperations(
  { api, logger, keepAnswer, memory, shutdown, telemetry }: GatewayOptions,
  authentication: Authentication,
): Hono {
  return createRoutes(api, {
    logger,
    keepAnswer,
    timeZone: memory.timeZone,
    shutdown,
    principalOf: (context) => context.get("principal") as Principal,
    allowedOf(context, over) {
      const arrival = context.get("arrival") as Arrival | undefined;
      if (arrival === undefined) return undefined;
      const allowed = allowedUntil(() => authentication.principalOf(context.req.raw, arrival), over);
      context.set("allowed", allowed);
      return allowed;
    },
    around: spanAround(telemetry),
  });
}

/** Addresses that the gateway itself answers: none is one of the console's. */
const ofServer = [
  apiPrefix.slice(0, 4),
  servicesPrefix,
  graphqlPath,
  mcpPath,
  hooksPath,
  sessionPath,
  pairPath,
  "/openapi.json",
  "/healthz",
];

/** Routes without authentication, where an alleged token earns no exemption. */
const openPaths = [hooksPath, sessionPath, pairPath];

function limitAddresses(
  rates: RateLimits,
  rate: RateLimit,
): MiddlewareHandler<{ Variables: Asked; Bindings: Partial<RequestConnection> }> {
  return async (context, next) => {
    const { incoming } = context.env ?? {};
    const { path } = context.req;
    const isOpen = openPaths.some((each) => path === each || path.startsWith(`${each}/`));
    const isKnown = context.req.header("authorization") !== undefined || context.req.header("cookie") !== undefined;
    if (incoming !== undefined && (isOpen || !isKnown)) {
      // Those that come by the socket of Tailscale Serve have none: what is open to all they share.
      const address = context.get("arrival").address ?? (isOpen ? "socket" : undefined);
      if (address !== undefined) rates.take(`${isOpen ? "open" : "address"}:${address}`, rate);
    }
    await next();
  };
}

const isLimited: ReadonlySet<Principal["kind"]> = new Set(["client", "device", "script", "host", "channel"]);

function authenticateBy(
  authentication: Authentication,
  { rates, rate, logger }: { rates: RateLimits; rate: RateLimit; logger: Logger },
): MiddlewareHandler<{ Variables: Asked; Bindings: Partial<RequestConnection> }> {
  return async (context, next) => {
    const principal = await authentication.principalOf(context.req.raw, context.get("arrival"));
    context.env?.onKnown?.();
    context.set("principal", principal);
    // The person always gets in; agents and services call in the name of runs, which have limits of their own.
    if (isLimited.has(principal.kind)) rates.take(principal.id, rate);
    // Hono answers HEAD by running GET and dropping the body: a stream without a reader.
    if (context.req.raw.method === "HEAD") return refuseHead(context.req.path, logger);
    await next();
    const isStream = context.res.headers.get("content-type")?.startsWith("text/event-stream") === true;
    if (isStream && context.get("allowed") === undefined)
      context.res = whileAllowed(context.res, () =>
        authentication.principalOf(context.req.raw, context.get("arrival")),
      );
    return undefined;
  };
}

/** Each call of an operation is a span; spans of the call are its children, not the caller's. */
function spanAround(telemetry: Telemetry): NonNullable<RoutesOptions["around"]> {
  return (operation, call, work) =>
    telemetry.span(
      `${operation.method} ${operation.path}`,
      {
        kind: "SERVER",
        parent: call.traceparent,
        attributes: {
          [attributes.operationId]: operation.id,
          [attributes.httpMethod]: operation.method,
          [attributes.httpRoute]: operation.path,
        },
      },
      (span) => {
        call.traceparent = traceparentOf(span);
        return work();
      },
    );
}

function refuseHead(path: string, logger: Logger): Response {
  const error = new RoostError("invalid_input", `HEAD is not served at ${path.slice(0, 200)}: use GET`);
  return createProblemResponse(error, { logger, status: 405, headers: { allow: "GET" } });
}

const secureHeaders: MiddlewareHandler = async (context, next) => {
  await next();
  context.header("x-content-type-options", "nosniff");
  if (!context.res.headers.has("referrer-policy")) context.header("referrer-policy", "no-referrer");
  context.header("x-frame-options", "DENY");
  if (!context.res.headers.has("content-security-policy"))
    context.header("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
  context.header("cross-origin-resource-policy", "same-origin");
};
