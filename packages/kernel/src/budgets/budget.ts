/** Caps and spending: types. */
import type { BudgetWindow } from "../runs/spend-answer.ts";

/** `all`, `job:<id>`, `agent:<id>` or, of an access token, `key:<id>`; a run's own caps come with the run. */
export interface BudgetCap {
  scope: string;
  window: BudgetWindow;
  usdMax?: number | undefined;
  tokensMax?: number | undefined;
  /** Model calls. */
  callsMax?: number | undefined;
}

/** Usage of a scope in a window. */
export interface Spend {
  scope: string;
  window: BudgetWindow;
  /** `2025-11-21`, `2025-11`, `2025-11-21T14` or `total`, in the budget's time zone. */
  period: string;
  costUsd: number;
  usdReserved: number;
  tokens: number;
  tokensReserved: number;
  calls: number;
}
