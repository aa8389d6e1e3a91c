/** `host:port` of a URL, "" for a text that is none. A name with a dot at its end is the same host. */
export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host.replace(/\.(?=:\d+$|$)/, "") : "";
}
