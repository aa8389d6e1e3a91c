/** Pieces that several parts of the settings are made of. */
import { Count, SmallCount, Usd } from "@roost/contract/operations";
import { z } from "zod";

export const Model = z.string().min(1).max(200);

/** Per million tokens. */
export const PriceUsd = z.number().min(0).max(1_000_000);

export const Caps = z.strictObject({
  usdMax: Usd.optional(),
  tokensMax: Count.optional(),
  callsMax: SmallCount.optional(),
});

export const clockTime = /^(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/;
