/** Shown in place of a secret. */
export const hidden = "(not shown)";

/** Removes possible secrets from an address: user, password, query values. */
export function withoutSecrets(text: string): string {
  if (!URL.canParse(text)) return hidden;
  const url = new URL(text);
  url.username = "";
  url.password = "";
  for (const name of url.searchParams.keys()) url.searchParams.set(name, hidden);
  url.hash = "";
  return url.href;
}
