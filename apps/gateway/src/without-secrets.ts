/** Stands where a secret is not shown. */
export const hidden = "(not shown)";

/** An address without what may be a secret in it: user and password, the values of its query. */
export function withoutSecrets(text: string): string {
  if (!URL.canParse(text)) return hidden;
  const url = new URL(text);
  url.username = "";
  url.password = "";
  for (const name of url.searchParams.keys()) url.searchParams.set(name, hidden);
  url.hash = "";
  return url.href;
}
