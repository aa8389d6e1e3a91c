import type { OpenProvider } from "./attempt-call.ts";
import type { ModelLimits } from "./models.ts";
import { silenceMsMaxOf } from "./provider-config.ts";

/** How long nothing may have come when this provider is given up; `silentMs`: those before were given up after so long. */
export function silenceFor(
  { silenceMsMax, queuedServer }: Pick<OpenProvider, "silenceMsMax" | "queuedServer">,
  { limits, isLast, silentMs }: { limits: ModelLimits; isLast: boolean; silentMs: number | undefined },
): number {
  const wholeMs = silenceMsMax ?? silenceMsMaxOf(queuedServer, limits);
  // With another provider next in line, it gets half of the time.
  const ownMs = silenceMsMax === undefined && !isLast ? wholeMs / 2 : wholeMs;
  // A time for itself, also where another had a longer one.
  return silentMs === undefined ? ownMs : Math.max(ownMs, silentMs + wholeMs / 2);
}
