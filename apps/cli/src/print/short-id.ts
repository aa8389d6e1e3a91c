/** The end of an id, which is random, where its beginning is a time that neighbours share. Commands take it for the whole. */
export function shortId(id: string): string {
  return id.length > 12 ? id.slice(-8) : id;
}
