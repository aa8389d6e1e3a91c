const terminal = new Set(["run.done", "run.failed", "run.cancelled", "run.diverged", "run.outdated"]);

/** Whether a run is over with an event of this type. */
export function isTerminal(eventType: string): boolean {
  return terminal.has(eventType);
}
