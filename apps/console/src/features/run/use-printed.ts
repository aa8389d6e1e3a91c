import { useEffect, useRef, useState } from "react";
import { useConsole } from "../../live/console-context.ts";
import { shownMax } from "../../live/create-live.ts";
import { foldPrinted, type Printed } from "./fold-printed.ts";
import { keyOf } from "./key-of.ts";
import type { RunReading } from "./use-run-reading.ts";

export interface PrintedStep extends Printed {
  key: string;
}

/** What programs of a run and its children print from now on, of the step that printed last; it stays when that step has ended. */
export function usePrinted(value: RunReading | undefined): PrintedStep | undefined {
  const { live } = useConsole();
  const [printed, setPrinted] = useState<Printed>();
  const last = useRef<Printed>(undefined);
  const going = value === undefined ? [] : [value.run, ...value.children].filter(({ endedAt }) => endedAt === null);
  // More would shut out each other; one place is left for what another tab shows.
  const watched = going.slice(0, shownMax - 1);
  const runIds = watched.map(({ id }) => id).join(" ");
  useEffect(() => {
    if (runIds === "") return undefined;
    const ids = runIds.split(" ");
    let isDue = false;
    const stops = [
      ...ids.map((id) => live.watchRun(id)),
      live.onPrinted((text) => {
        if (!ids.includes(text.runId)) return;
        last.current = foldPrinted(last.current, text);
        if (isDue) return;
        isDue = true;
        requestAnimationFrame(() => {
          isDue = false;
          setPrinted(last.current);
        });
      }),
    ];
    return () => stops.forEach((stop) => stop());
  }, [live, runIds]);
  const step = value?.steps.find(({ runId, name }) => runId === printed?.runId && name === printed.step);
  return printed === undefined || step === undefined ? undefined : { ...printed, key: keyOf(step) };
}
