/** Works on each of them, so many at once. After a failure none is begun any more, and the first is thrown when those under way have ended. */
export async function severalAtOnce<T>(
  items: Iterable<T>,
  width: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const waiting = items[Symbol.iterator]();
  const failures: unknown[] = [];
  const goOn = async () => {
    for (let next = waiting.next(); next.done !== true && failures.length === 0; next = waiting.next())
      await work(next.value).catch((error: unknown) => failures.push(error));
  };
  await Promise.all(Array.from({ length: width }, goOn));
  if (failures.length > 0) throw failures[0];
}
