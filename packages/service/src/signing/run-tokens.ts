/**
 * The token with which an agent calls operations: names a run and the epoch at which a worker owns it. Valid only while that is so: it ends when
 * the run ends, waits, or is claimed by another worker.
 */
import { RoostError } from "@roost/base";
import type { Principal } from "@roost/contract";
import type { Sql } from "@roost/database";
import { readFence } from "@roost/kernel";
import { z } from "zod";
import type { Signer } from "./open-signer.ts";
import type { Verifier } from "./create-verifier.ts";

export const runTokenPurpose = "roost-run";
/** What an agent may call beside its services: coordination between programs. */
const agentScopes = ["locks:*", "once:*", "subjects:*", "parts:read"];
const Message = z.object({ runId: z.uuid(), epoch: z.number().int().min(0), scopes: z.array(z.string()).max(100) });

export interface RunTokenRequest {
  runId: string;
  epoch: number;
  /** Beside those that every agent has: `peeps.*:*` for each service that it may call. */
  scopes?: readonly string[] | undefined;
}

/** For the owner of a run. */
export function signRunToken(signer: Signer, { runId, epoch, scopes = [] }: RunTokenRequest): Promise<string> {
  return signer.sign(runTokenPurpose, { runId, epoch, scopes: [...agentScopes, ...scopes] });
}

export function isRunToken(token: string): boolean {
  return token.startsWith(`${runTokenPurpose}.`);
}

/**
 * Returns the run's agent, never the owner.
 * @throws RoostError `unauthenticated` when no worker signed it, or the run is no longer at that epoch
 */
export async function verifyRunToken(sql: Sql, verifier: Verifier, token: string): Promise<Principal> {
  const { message, signer } = await verifier.verify(runTokenPurpose, token);
  const parsed = Message.safeParse(message);
  if (!parsed.success || signer.kind !== "worker")
    throw new RoostError("unauthenticated", "a run's token must be signed by a worker");
  const { runId, epoch, scopes } = parsed.data;
  const run = await readFence(sql, runId);
  if (run === undefined || run.state !== "running" || run.epoch !== epoch) {
    const now = run === undefined ? "is not known" : `is ${run.state} at epoch ${run.epoch}`;
    throw new RoostError("unauthenticated", `the token is of epoch ${epoch} of run ${runId}, which ${now}`);
  }
  return { id: `agent:${run.agent ?? "main"}`, kind: "agent", scopes, run: { id: runId, epoch } };
}
