/**
 * Dates of the database as the texts of the contract. What the database has and JavaScript does not (infinity) is passed on as it is: the
 * contract then refuses the one row, not the list that it stands in.
 */
export function iso(date: Date): string {
  return date instanceof Date && !Number.isNaN(date.getTime()) ? date.toISOString() : String(date);
}

export function isoOrNull(date: Date | null | undefined): string | null {
  return date === null || date === undefined ? null : iso(date);
}
