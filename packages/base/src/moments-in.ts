/** As `toISOString` writes them; nobody types the milliseconds. */
const written = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g;

/** The text with its moments as a clock in the zone shows them: `2027-06-01 09:00:05`. */
export function momentsIn(text: string, timeZone: string): string {
  return text.replaceAll(written, (moment) => new Date(moment).toLocaleString("sv-SE", { timeZone }));
}
