/** The names by which a job or an agent may ask for a model. */
import type { ProviderConfig } from "@roost/agent";
import type { Clock } from "@roost/base";

const askMsMax = 3_000;
const keptMs = 60_000;
const listBytesMax = 8_000_000;

type Wired = Exclude<ProviderConfig, { kind: "language-model" }>;

/** Ids of providers, their models, and what the first one's server lists; undefined in a rehearsal, and while that server does not answer. */
export function createModelNames(
  providers: readonly ProviderConfig[],
  clock: Clock,
): () => Promise<readonly string[] | undefined> {
  const wired = providers.filter((provider): provider is Wired => provider.kind !== "language-model");
  const [first] = wired;
  if (first === undefined) return async () => undefined;
  const configured = wired.flatMap(({ id, model }) => [id, model]);
  let askedMs = -Infinity;
  let listed: Promise<string[] | undefined> = Promise.resolve(undefined);
  return async () => {
    if (clock.nowMs() - askedMs >= keptMs) {
      askedMs = clock.nowMs();
      listed = listModels(first);
    }
    const names = await listed;
    return names && [...new Set([...configured, ...names])];
  };
}

/** Empty when the server cannot tell, undefined when it does not answer. */
async function listModels({ baseUrl, apiKey }: Wired): Promise<string[] | undefined> {
  if (baseUrl === undefined || !URL.canParse(baseUrl)) return [];
  let response: Response;
  try {
    response = await fetch(`${baseUrl}/models`, {
      headers: { accept: "application/json", ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }) },
      signal: AbortSignal.timeout(askMsMax),
    });
  } catch {
    return undefined;
  }
  try {
    const text = await response.text();
    const { data } = JSON.parse(response.ok && text.length <= listBytesMax ? text : "{}") as { data?: unknown };
    return Array.isArray(data) ? data.flatMap(({ id }: { id?: unknown }) => (typeof id === "string" ? [id] : [])) : [];
  } catch {
    return [];
  }
}
