/**
 * Formats a database date for the contract. A value that JavaScript lacks (infinity) is passed on unchanged: the contract then refuses that row,
 * not the whole list.
 */
export function iso(date: Date): string {
  return date instanceof Date && !Number.isNaN(date.getTime()) ? date.toISOString() : String(date);
}

export function isoOrNull(date: Date | null | undefined): string | null {
  return date === null || date === undefined ? null : iso(date);
}
