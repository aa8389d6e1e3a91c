/** Whether a process waits, over others, for itself. */
export function hasCircle(blockers: ReadonlyMap<number, readonly number[]>): boolean {
  return [...blockers.keys()].some((start) => {
    const seen = new Set<number>();
    const toSee = [...(blockers.get(start) ?? [])];
    for (let next = toSee.pop(); next !== undefined; next = toSee.pop()) {
      if (next === start) return true;
      if (!seen.has(next)) toSee.push(...(blockers.get(next) ?? []));
      seen.add(next);
    }
    return false;
  });
}
