const terminal = new Set(["run.done", "run.failed", "run.cancelled", "run.diverged", "run.outdated"]);

/** Whether this event type ends a run. */
export function isTerminal(eventType: string): boolean {
  return terminal.has(eventType);
}
