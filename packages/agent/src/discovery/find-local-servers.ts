import { localServerUrls } from "../models/local-server-urls.ts";
import { createProbe, type Probe } from "../wire/probe.ts";
import { probeLlamaCpp, probeLmStudio, probeOllama, type LocalServer } from "./probe-local-servers.ts";

export type LocalUrls = typeof localServerUrls;

/** A model server of this machine, for a person to choose from. */
export interface FoundServer extends Omit<LocalServer, "notes"> {
  name: string;
  /** What to do before it is of use. */
  note: string | null;
}

/** All that answer on their own ports of loopback, at once. */
export async function findLocalServers({
  urls = localServerUrls,
  probe = createProbe(),
}: { urls?: LocalUrls; probe?: Probe } = {}): Promise<FoundServer[]> {
  const servers = await Promise.all([
    named("Ollama", probeOllama(urls.ollama, { probe })),
    named("LM Studio", probeLmStudio(urls.lmStudio, { probe })),
    named("llama.cpp", probeLlamaCpp(urls.llamaCpp, { probe })),
  ]);
  return servers.filter((server) => server !== undefined);
}

async function named(name: string, probing: Promise<LocalServer | undefined>): Promise<FoundServer | undefined> {
  const server = await probing;
  if (server === undefined) return undefined;
  const { notes, ...rest } = server;
  // The first says which model was chosen.
  const problems = notes.slice(rest.model === undefined ? 0 : 1);
  return { ...rest, name, note: problems.length === 0 ? null : problems.join("; ") };
}
