/** The name itself, or with the first number behind it (`name_2`) under which nothing stands yet. */
export function freeName(name: string, taken: { has(name: string): boolean }): string {
  for (let count = 1; ; count += 1) {
    const free = count === 1 ? name : `${name}_${count}`;
    if (!taken.has(free)) return free;
  }
}
