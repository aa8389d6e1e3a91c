/** Describes the home and the program for a confined process of @roost/rehearsal. */
import { fileURLToPath } from "node:url";
import type { Bucket } from "@roost/objects";

export interface ConfinedHome {
  databaseUrl: string;
  homeDir: string;
  bucket?: Bucket | undefined;
  environment: Readonly<Record<string, string | undefined>>;
  /** The model found at the start; both null without one. */
  model: { provider: string | null; name: string | null };
  shutdown: AbortSignal;
  /** Default: the program of @roost/rehearsal. */
  program?: string;
}

const programDefault = new URL("../../../../packages/rehearsal/src/main.ts", import.meta.url);

/** The program to start, and what every task tells it. */
export function describeHome({ databaseUrl, homeDir, bucket, model: { provider, name }, program }: ConfinedHome): {
  program: string;
  home: Pick<ConfinedHome, "databaseUrl" | "homeDir" | "bucket"> & { model: { provider: string; name: string } | null };
} {
  const model = provider === null || name === null ? null : { provider, name };
  return { program: program ?? fileURLToPath(programDefault), home: { databaseUrl, homeDir, bucket, model } };
}
