/** The home that a confined process of @roost/rehearsal looks into, and the program that does. */
import { fileURLToPath } from "node:url";

export interface ConfinedHome {
  databaseUrl: string;
  homeDir: string;
  environment: Readonly<Record<string, string | undefined>>;
  /** As it was found; both null without one. */
  model: { provider: string | null; name: string | null };
  shutdown: AbortSignal;
  /** Default: the one of @roost/rehearsal, started by path. */
  program?: string;
}

const programDefault = new URL("../../../../packages/rehearsal/src/main.ts", import.meta.url);

/** What is started, and what every task of it is told. */
export function describeHome({ databaseUrl, homeDir, model: { provider, name }, program }: ConfinedHome): {
  program: string;
  home: { databaseUrl: string; homeDir: string; model: { provider: string; name: string } | null };
} {
  const model = provider === null || name === null ? null : { provider, name };
  return { program: program ?? fileURLToPath(programDefault), home: { databaseUrl, homeDir, model } };
}
