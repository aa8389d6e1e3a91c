import type { ReserveSpend } from "../usage/spend.ts";

/** Limits of one run of the loop; defaults are in `agentLimitDefaults`. */
export interface AgentLimits {
  /** Replies of the model. */
  turnsMax: number;
  toolCallsMax: number;
  /** Tool calls per message of the model; the rest is refused. */
  toolCallsPerTurnMax: number;
  /** Consecutive readonly tool calls that run at the same time. */
  readonlyParallelMax: number;
  /** Of one reply. Default: by the model's settings and context. */
  outputTokensMax?: number;
  toolMsMax: number;
  toolResultCharsMax: number;
  compactionsMax: number;
  /** The run ends at this time (ms since the epoch, by the given clock). */
  deadlineMs?: number | undefined;
  reserveSpend?: ReserveSpend | undefined;
}

export const agentLimitDefaults: AgentLimits = {
  turnsMax: 40,
  toolCallsMax: 120,
  toolCallsPerTurnMax: 24,
  readonlyParallelMax: 4,
  toolMsMax: 120_000,
  toolResultCharsMax: 50_000,
  compactionsMax: 3,
};
