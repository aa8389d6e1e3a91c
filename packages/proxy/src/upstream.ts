/** The servers that calls are passed on to, and which of them a model's name means. */
import {
  nextCoolDown,
  openRouterUrl,
  providerKey,
  queuedServerOf,
  silenceMsMaxOf,
  type CoolDown,
  type ProviderConfig,
  type TokenPrice,
} from "@roost/agent";
import type { Clock } from "@roost/base";
import type { Pool } from "undici";

export interface Upstream extends AsyncDisposable {
  id: string;
  /** Under which its cool-downs are shared. */
  key: string;
  /** The model that it is configured with. */
  model: string;
  isOpenRouter: boolean;
  /** Opened by the first call. */
  pool: () => Promise<Pool>;
  /** Before `/chat/completions`. */
  basePath: string;
  url: string;
  /** With its key. */
  headers: Readonly<Record<string, string>>;
  /** Of the configured model. */
  price: TokenPrice | undefined;
  outputTokensMax: number | undefined;
  silenceMsMax: number;
  /** It is asked for one thing at a time, under this name. */
  queuedServer: string | undefined;
  /** It refused to be asked for usage in a stream. */
  tellsNoUsage: boolean;
  coolDown: CoolDown | undefined;
}

/** One way to answer a call. */
export interface ModelTarget {
  upstream: Upstream;
  model: string;
}

const connectionsMax = 256;
const connectMsMax = 10_000;

/** Those with a server, in the order of the home. */
export function openUpstreams(providers: readonly ProviderConfig[]): Upstream[] {
  return providers.flatMap((provider) => {
    if (provider.kind === "language-model") return [];
    const { baseUrl = openRouterUrl, apiKey } = provider;
    const { origin, pathname, username, password } = new URL(baseUrl);
    const queuedServer = queuedServerOf(provider);
    let opening: Promise<Pool> | undefined;
    const basic =
      username === "" ? undefined : `Basic ${btoa(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`)}`;
    const authorization = apiKey === undefined ? basic : `Bearer ${apiKey}`;
    return [
      {
        id: provider.id,
        key: providerKey(provider),
        model: provider.model,
        isOpenRouter: provider.kind === "openrouter",
        pool: () => (opening ??= openPool(origin)),
        basePath: pathname.replace(/\/+$/, ""),
        url: `${origin}${pathname.replace(/\/+$/, "")}`,
        headers: {
          "content-type": "application/json",
          "user-agent": "Roost",
          ...(provider.kind === "openai-compatible" ? provider.headers : {}),
          ...(authorization === undefined ? {} : { authorization }),
        },
        price: provider.price,
        outputTokensMax: provider.outputTokensMax,
        queuedServer,
        silenceMsMax: provider.silenceMsMax ?? silenceMsMaxOf(queuedServer),
        tellsNoUsage: false,
        coolDown: undefined,
        [Symbol.asyncDispose]: async () => (await opening)?.destroy(),
      },
    ];
  });
}

/** Loads the client first, which a start does not need: 109 modules. */
async function openPool(origin: string): Promise<Pool> {
  const { Pool } = await import("undici");
  return new Pool(origin, {
    connections: connectionsMax,
    pipelining: 1,
    connect: { timeout: connectMsMax },
    // One of their own may be closed by the server at any time; what is not begun is sent again.
    keepAliveTimeout: 10_000,
  });
}

/** What stands for the models of the home, in their order. */
export const autoModel = "auto";

/**
 * `auto`: the models of the home in their order. A route of the settings: its models. `<provider>/<model>`: that one. A provider's id, or a model
 * that one is configured with: that one. Undefined: none.
 */
export function findCandidates(
  name: string,
  { upstreams, routes }: { upstreams: readonly Upstream[]; routes: Readonly<Record<string, readonly string[]>> },
): ModelTarget[] | undefined {
  if (name === autoModel && upstreams.length > 0)
    return upstreams.map((upstream) => ({ upstream, model: upstream.model }));
  const route = Object.hasOwn(routes, name) ? routes[name] : undefined;
  const found = (route ?? [name]).flatMap((each) => findOne(each, upstreams) ?? []);
  return found.length === 0 ? undefined : found;
}

function findOne(name: string, upstreams: readonly Upstream[]): ModelTarget | undefined {
  const named = upstreams.find(({ id, model }) => id === name || model === name || `${id}/${model}` === name);
  if (named !== undefined) return { upstream: named, model: named.model };
  const slash = name.indexOf("/");
  const upstream = upstreams.find(({ id }) => id === name.slice(0, slash));
  const model = name.slice(slash + 1);
  return upstream === undefined || model === "" ? undefined : { upstream, model };
}

/** Ready ones in their order, then the others, the first to be ready first. */
export function orderByReadiness(candidates: readonly ModelTarget[], clock: Clock): ModelTarget[] {
  if (candidates.length === 1) return [...candidates];
  const nowMs = clock.nowMs();
  const untilOf = ({ upstream }: ModelTarget) => Math.max(nowMs, upstream.coolDown?.untilMs ?? nowMs);
  return candidates.toSorted((a, b) => untilOf(a) - untilOf(b));
}

export function coolDownAfter(
  upstream: Upstream,
  failure: { status: number | undefined; message: string; retryAfterMs: number | undefined },
  times: { startedMs: number; nowMs: number },
): void {
  upstream.coolDown = nextCoolDown(upstream.coolDown, { code: "unavailable", ...failure }, times);
}
