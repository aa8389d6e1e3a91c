/** What is asked before something is spent, and what the function reserve_spend answers. */
import { RoostError } from "@roost/base";
import { usdMax } from "@roost/contract/operations";
import { leaseLost } from "./lease-lost.ts";
import type { Owned } from "./run.ts";

export type BudgetWindow = "hour" | "day" | "month" | "total";

/** Upper bounds of what a step may spend. */
export interface SpendAmounts {
  usd: number;
  tokens: number;
}

export interface RefusedSpend {
  granted: false;
  cap: {
    scope: string;
    window: BudgetWindow | "run";
    unit: "usd" | "tokens" | "calls";
    max: number;
    used: number;
    reserved: number;
    asked: number;
  };
  /** For people. */
  message: string;
}

export type Reservation = { granted: true; reservationId: string } | RefusedSpend;

export type SpendAnswer =
  | { lost: true; state?: string; epoch?: number }
  | { lost?: undefined; granted: true; reservationId: string }
  | ({ lost?: undefined; granted: false } & RefusedSpend["cap"]);

/** @throws RoostError `invalid_input` */
export function checkAmounts({ usd, tokens }: SpendAmounts): void {
  const isCount = Number.isSafeInteger(tokens) && tokens >= 0;
  if (isCount && usd >= 0 && usd <= usdMax) return;
  throw new RoostError(
    "invalid_input",
    `cannot reserve ${usd} USD and ${tokens} tokens: give amounts from 0 on, tokens whole`,
  );
}

/** @throws RoostError `conflict`: the lease is lost */
export function toReservation(owned: Owned, answer: SpendAnswer): Reservation {
  if (answer.lost === true)
    throw leaseLost(owned, answer.state === undefined ? undefined : { state: answer.state, epoch: answer.epoch ?? 0 });
  if (answer.granted) return { granted: true, reservationId: answer.reservationId };
  const { scope, window, unit, max, used, reserved, asked } = answer;
  return toRefusal({ scope, window, unit, max, used, reserved, asked });
}

/** In words for people. */
export function toRefusal(cap: RefusedSpend["cap"]): RefusedSpend {
  const amount = (value: number) => (cap.unit === "usd" ? `$${value.toFixed(4)}` : `${value} ${cap.unit}`);
  const whose = cap.scope === "all" ? "everything" : cap.scope;
  const during = cap.window === "total" ? "" : ` per ${cap.window}`;
  return {
    granted: false,
    cap,
    message:
      `the cap of ${amount(cap.max)}${during} for ${whose} refuses ${amount(cap.asked)}: ${amount(cap.used)} are spent and ` +
      `${amount(cap.reserved)} reserved; raise the cap or wait for its next ${cap.window === "total" ? "run" : cap.window}`,
  };
}
