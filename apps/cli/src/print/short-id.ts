/** The random end of an id; its beginning is a time that neighbours share. Commands accept it for the whole id. */
export function shortId(id: string): string {
  return id.length > 12 ? id.slice(-8) : id;
}
