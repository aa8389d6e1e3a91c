// Ends a call of a model that is silent for too long, or that never finishes, and tells a waiting person meanwhile.

import { formatDurationMs, RoostError } from "@roost/base";
import type { ModelDelta } from "./models.ts";

/** Time without a byte; continues across attempts. */
export interface Silence {
  sinceMs: number;
}

interface WatchSilenceOptions {
  silence: Silence;
  silenceMsMax: number;
  silenceRemarkMs: number;
  callMsMax: number;
  nowMs: () => number;
  onDelta: (delta: ModelDelta) => void;
}

/** Details of a failure by silence; see ModelFailure. */
const silenceDetails = { isSilence: true } as const;

/** Ends a call that is silent for too long, with remarks meanwhile. */
export function watchSilence(
  options: WatchSilenceOptions,
  end: (reason: RoostError) => void,
): { sign: () => void; stop: () => void } {
  const { silence, silenceMsMax, silenceRemarkMs, callMsMax, nowMs } = options;
  let timer: NodeJS.Timeout | undefined;
  const whole = setTimeout(
    () => end(new RoostError("timeout", `the reply was not complete within ${formatDurationMs(callMsMax)}`)),
    callMsMax,
  );
  let toldMs = 0;
  const wait = () => {
    clearTimeout(timer);
    const silentMs = nowMs() - silence.sinceMs;
    const leftMs = Math.max(0, silenceMsMax - silentMs);
    const remarkMs = Math.min(leftMs, silenceRemarkMs);
    timer = setTimeout(() => {
      if (remarkMs === leftMs)
        return end(
          new RoostError("timeout", `the model sent nothing for ${formatDurationMs(silenceMsMax)}`, {
            details: silenceDetails,
          }),
        );
      toldMs = silentMs + remarkMs;
      const until = `giving up after ${formatDurationMs(silenceMsMax)}`;
      options.onDelta({ type: "remark", text: `the model has been silent for ${formatDurationMs(toldMs)}; ${until}` });
      // By the awaited time: a clock that stands still must not make the wait endless.
      silence.sinceMs = Math.min(silence.sinceMs, nowMs() - toldMs);
      wait();
    }, remarkMs);
  };
  wait();
  return {
    sign: () => {
      silence.sinceMs = nowMs();
      wait();
    },
    stop: () => {
      clearTimeout(timer);
      clearTimeout(whole);
    },
  };
}
