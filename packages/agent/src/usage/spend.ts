// The hook that reserves spending before a model call and settles it afterwards. The caller owns the caps.

import type { CallActual, CallEstimate } from "./token-usage.ts";

/** The provider and model about to be called, for caps per provider or model. */
export interface SpendRequest extends CallEstimate {
  provider: string;
  model: string;
  /** The step that the call belongs to, such as `model#3`. */
  step: string;
}

export type SpendReservation =
  | {
      state: "granted";
      /** Called exactly once, also when the call failed (then with the usage up to there). */
      settle: (actual: CallActual) => Promise<void>;
    }
  | {
      state: "refused";
      /** The cap that would break, such as `job:heartbeat day 0.50 USD`. */
      cap: string;
      message: string;
    };

/** Called before every attempt of a model call; a refusal ends the loop as an outcome, never as an exception. */
export type ReserveSpend = (request: SpendRequest) => Promise<SpendReservation>;
