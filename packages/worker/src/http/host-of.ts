/** `host:port` of a URL, "" for a text that is none. */
export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : "";
}
