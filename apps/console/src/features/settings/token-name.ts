/** What tokens, devices and hooks are called; the gateway says the same. */
export function isTokenName(name: string): boolean {
  return /^[a-z0-9][a-z0-9._-]{0,62}$/.test(name);
}

export const tokenNameHint = "Lower-case letters, digits, dots, - and _";
