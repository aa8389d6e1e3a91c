import { parseDurationMs, writeDurationMs } from "@roost/base";
import { z } from "zod";

/** `10m`; in milliseconds. */
export const Duration = z.codec(z.union([z.string().max(64), z.number()]), z.number(), {
  decode(written, context) {
    try {
      return parseDurationMs(written);
    } catch (error) {
      context.issues.push({ code: "custom", input: written, message: (error as Error).message });
      return z.NEVER;
    }
  },
  encode: writeDurationMs,
});
