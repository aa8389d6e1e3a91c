/** The names by which a job or an agent may ask for a model. */
import { createProbe, idsOf, openRouterUrl, type Probe, type ProviderConfig } from "@roost/agent";
import type { Clock } from "@roost/base";

const askMsMax = 3_000;
const keptMs = 60_000;

type Wired = Exclude<ProviderConfig, { kind: "language-model" }>;

/** Ids of providers, their models, and what the first one's server lists; undefined in a rehearsal, and while that server gives no list. */
export function createModelNames(
  providers: readonly ProviderConfig[],
  clock: Clock,
  probe: Probe = createProbe({ timeoutMs: askMsMax }),
): () => Promise<readonly string[] | undefined> {
  const wired = providers.filter((provider): provider is Wired => provider.kind !== "language-model");
  const [first] = wired;
  if (first === undefined) return async () => undefined;
  const { baseUrl = openRouterUrl, apiKey } = first;
  const configured = wired.flatMap(({ id, model }) => [id, model]);
  let askedMs = -Infinity;
  let listed: Promise<string[] | undefined> = Promise.resolve(undefined);
  return async () => {
    if (clock.nowMs() - askedMs >= keptMs) {
      askedMs = clock.nowMs();
      listed = probe.json(`${baseUrl}/models`, apiKey === undefined ? {} : { apiKey }).then(idsOf);
    }
    const names = await listed;
    return names && [...new Set([...configured, ...names])];
  };
}
