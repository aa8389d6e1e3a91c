/** The cursor of the next page of a list whose cursor is the id of its last row. */
export function nextOf<Row>(rows: readonly Row[], limit: number, cursorOf: (row: Row) => string): string | null {
  const last = rows.at(-1);
  return rows.length < limit || last === undefined ? null : cursorOf(last);
}
