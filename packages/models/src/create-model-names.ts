/** The names by which a job or an agent may ask for a model. */
import { createProbe, modelListOf, openRouterUrl, type Probe, type ProviderConfig } from "@roost/agent";
import type { Clock } from "@roost/base";
import { wiredProviders, type WiredProvider } from "./wired-providers.ts";

const askMsMax = 3_000;
const keptMs = 60_000;

export interface ModelNames {
  /** Ids of providers, their models, and what their servers list: for suggestions. */
  names: readonly string[];
  /** Whether one of the servers would take this name. */
  takes(name: string): boolean;
}

/** Undefined in a rehearsal, and while it cannot be told: a server gives no list, or takes names that it does not list. */
export function createModelNames(
  providers: readonly ProviderConfig[],
  clock: Clock,
  probe: Probe = createProbe({ timeoutMs: askMsMax }),
): () => Promise<ModelNames | undefined> {
  const wired = wiredProviders(providers);
  if (wired.length === 0) return async () => undefined;
  const configured = wired.flatMap(({ id, model }) => [id, model]);
  let askedMs = -Infinity;
  let listed: Promise<(string[] | undefined)[]> = Promise.resolve([]);
  return async () => {
    if (clock.nowMs() - askedMs >= keptMs) {
      askedMs = clock.nowMs();
      listed = Promise.all(wired.map((each) => listOf(each, probe)));
    }
    const lists = await listed;
    if (lists.includes(undefined)) return undefined;
    const names = [...new Set([...configured, ...lists.flatMap((list) => list ?? [])])];
    return { names, takes: (name) => names.some((known) => isSame(name, known)) };
  };
}

/** Undefined: it gives none, or lists something else than the names that it takes. */
async function listOf({ baseUrl = openRouterUrl, apiKey }: WiredProvider, probe: Probe): Promise<string[] | undefined> {
  const list = modelListOf(await probe.json(`${baseUrl}/models`, apiKey === undefined ? {} : { apiKey }));
  // llama.cpp answers to any name, Azure takes those of deployments, and aliases of llama-swap are listed nowhere.
  const takesOthers =
    list?.some(({ owner }) => /^llama-?(cpp|swap)/i.test(owner)) || /\.azure\.com(:\d+)?\//.test(baseUrl);
  return takesOthers ? undefined : list?.map(({ id }) => id);
}

/** As servers have it: `qwen3` for `qwen3:latest`, `:free` or `:nitro` behind a name at OpenRouter, `models/` before Gemini's, `openai/*` at LiteLLM. */
function isSame(name: string, known: string): boolean {
  const [asked, listed] = [plain(name), plain(known)];
  if (asked === listed || listed === `${asked}:latest`) return true;
  if (listed.endsWith("*")) return asked.startsWith(listed.slice(0, -1));
  const variant = /^(.+\/.+):[a-z]+$/.exec(asked)?.[1];
  return variant !== undefined && listed.replace(/:[a-z]+$/, "") === variant;
}

function plain(name: string): string {
  return name.toLowerCase().replace(/^(registry\.ollama\.ai\/)?(library\/|models\/)/, "");
}
