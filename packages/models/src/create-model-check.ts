/** Checks whether a configured server is reachable and accepts the key. Calls no model. */
import { openRouterUrl, type ProviderConfig } from "@roost/agent";
import { type Clock, formatDurationMs, keepBriefly } from "@roost/base";
import { wiredProviders, type WiredProvider } from "./wired-providers.ts";

const askMsMax = 3_000;

/** A sentence with what to do; null when the server answers in any way: not every server lists its models. */
async function findModelProblem({
  kind,
  baseUrl = openRouterUrl,
  apiKey,
  model,
}: WiredProvider): Promise<string | null> {
  if (!URL.canParse(baseUrl)) return null;
  const { host } = new URL(baseUrl);
  try {
    // OpenRouter lists its models to everyone.
    const response = await fetch(`${baseUrl}/${kind === "openrouter" ? "key" : "models"}`, {
      headers: { accept: "application/json", ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }) },
      signal: AbortSignal.timeout(askMsMax),
    });
    await response.body?.cancel();
    if (response.status === 401 || response.status === 403)
      return `${host} refuses the key (HTTP ${response.status}): check it, then restart`;
    return null;
  } catch (error) {
    return `${model} does not answer: ${reasonOf(error)} at ${host}. Start its server, or correct its address and restart`;
  }
}

function reasonOf(error: unknown): string {
  if ((error as Error).name === "TimeoutError") return `no answer within ${formatDurationMs(askMsMax)}`;
  const { code } = ((error as Error).cause ?? {}) as { code?: string };
  if (code === "ECONNREFUSED") return "connection refused";
  return code === "ENOTFOUND" ? "no such host" : (code ?? "it cannot be reached");
}

/** How long an answer is reused. */
const keptMs = 15_000;

/** As findModelProblem, for the first of these models that is called over the network; repeated at most every 15 s. */
export function createModelCheck(providers: readonly ProviderConfig[], clock: Clock): () => Promise<string | null> {
  const [wired] = wiredProviders(providers);
  if (wired === undefined) return async () => null;
  return keepBriefly(() => findModelProblem(wired), { clock, keptMs }).read;
}
