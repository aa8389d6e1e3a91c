import { followRehearsal, type AskedRehearsal } from "@roost/contract/follow-rehearsal";
import type { Rehearsal, RehearsalReport } from "@roost/contract/operations";
import { useEffect, useRef, useState } from "react";
import { useConsole } from "../../live/console-context.ts";

export type Rehearsed =
  | { kind: "none" }
  | { kind: "playing"; rehearsal?: Rehearsal }
  | { kind: "over"; report: RehearsalReport; asked: AskedRehearsal }
  | { kind: "failed"; error: Error };

/** Plays a rehearsal, one at a time: what is left or stopped is cancelled, whatever stage it is in. */
export function useRehearsal() {
  const { client } = useConsole();
  const [seen, setSeen] = useState<Rehearsed>({ kind: "none" });
  const playing = useRef<AbortController>(undefined);
  useEffect(() => () => playing.current?.abort(), []);
  const play = async (asked: AskedRehearsal) => {
    if (playing.current !== undefined) return;
    const own = new AbortController();
    playing.current = own;
    setSeen({ kind: "playing" });
    try {
      const report = await followRehearsal(client, asked, {
        signal: own.signal,
        onProgress: (rehearsal) => setSeen({ kind: "playing", rehearsal }),
      });
      setSeen({ kind: "over", report, asked });
    } catch (error) {
      setSeen(own.signal.aborted ? { kind: "none" } : { kind: "failed", error: error as Error });
    }
    playing.current = undefined;
  };
  return { seen, play: (asked: AskedRehearsal) => void play(asked), stop: () => playing.current?.abort() };
}
