/**
 * Who of a group reads which partition: as even as topics allow, and as little moved as possible. A pure function of what
 * every member can read in the database, so all members come to the same answer without talking to each other.
 */

export interface MemberTopics {
  memberId: string;
  topics: readonly string[];
}

export interface OwnedPartition {
  topic: string;
  partition: number;
  /** The member that has it now, if that member is alive. */
  owner: string | null;
}

/** For each partition, in the order given, the member that is to have it; null when nobody reads its topic. */
export function assignPartitions(
  members: readonly MemberTopics[],
  partitions: readonly OwnedPartition[],
): (string | null)[] {
  const readers = new Map<string, string[]>();
  const loads = new Map<string, number>();
  for (const { memberId, topics } of members.toSorted((a, b) => (a.memberId < b.memberId ? -1 : 1))) {
    loads.set(memberId, 0);
    for (const topic of topics) readers.set(topic, [...(readers.get(topic) ?? []), memberId]);
  }
  const loadOf = (memberId: string) => loads.get(memberId) ?? 0;
  const leastOf = (topic: string) =>
    readers.get(topic)?.reduce((least, each) => (loadOf(each) < loadOf(least) ? each : least)) ?? null;
  const give = (memberId: string, by: number) => loads.set(memberId, loadOf(memberId) + by);

  const assigned = partitions.map(({ topic, owner }) => {
    if (owner === null || !(readers.get(topic) ?? []).includes(owner)) return null;
    give(owner, 1);
    return owner;
  });
  for (const [index, { topic }] of partitions.entries()) {
    const least = assigned[index] === null ? leastOf(topic) : null;
    if (least === null) continue;
    assigned[index] = least;
    give(least, 1);
  }
  // Each move makes the sum of the squares of the loads smaller, so this ends.
  for (let isMoving = true; isMoving;) {
    isMoving = false;
    for (const [index, { topic }] of partitions.entries()) {
      const owner = assigned[index] ?? null;
      const least = leastOf(topic);
      if (owner === null || least === null || loadOf(owner) - loadOf(least) < 2) continue;
      assigned[index] = least;
      give(owner, -1);
      give(least, 1);
      isMoving = true;
    }
  }
  return assigned;
}
