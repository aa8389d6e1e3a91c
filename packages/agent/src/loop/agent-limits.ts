import type { ReserveSpend } from "../usage/spend.ts";

/** What one run of the loop may use; every field has a default in `agentLimitDefaults`. */
export interface AgentLimits {
  /** Replies of the model. */
  turnsMax: number;
  toolCallsMax: number;
  /** Tool calls that the model may ask for in one message; the rest is refused. */
  toolCallsPerTurnMax: number;
  /** Readonly tool calls next to each other that run at the same time. */
  readonlyParallelMax: number;
  /** Of one reply. Default: what the model's settings and context allow. */
  outputTokensMax?: number;
  toolMsMax: number;
  toolResultCharsMax: number;
  compactionsMax: number;
  /** The run ends at this moment (ms since the epoch, by the clock handed in). */
  deadlineMs?: number;
  reserveSpend?: ReserveSpend;
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
