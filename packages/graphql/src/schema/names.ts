/** Names of GraphQL made from any text: letters, digits and _, not beginning with a digit or with __. */

/** `sessionKey` stays, `per-page` becomes `perPage`, `2fa` becomes `_2fa`. */
export function nameOf(text: string): string {
  const [first = "", ...rest] = text.split(/[^A-Za-z0-9_]+/).filter((part) => part !== "");
  const joined = first + rest.map(capitalized).join("");
  const begun = /^[0-9]/.test(joined) || joined === "" ? `_${joined}` : joined;
  return begun.replace(/^__+/, "_");
}

export function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `morning-news` becomes `MorningNews`. */
export function typeNameOf(text: string): string {
  return capitalized(nameOf(text));
}

/** Gives each name once; a second taker gets `name2`. */
export function createNames(reserved: readonly string[] = []): { take(wanted: string): string } {
  const taken = new Set(reserved);
  return {
    take(wanted) {
      let name = wanted;
      for (let count = 2; taken.has(name); count += 1) name = `${wanted}${count}`;
      taken.add(name);
      return name;
    },
  };
}
