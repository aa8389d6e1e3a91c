/** A quick note about a person: "Ida Berg: moves to Malmö in May". Pure. */

export interface Capture {
  name: string;
  note: string;
  handles: { kind: "phone" | "email"; value: string }[];
}

const email = /(?<![^\s@,;:<>])[^\s@,;:<>]+@[^\s@,;:<>]+\.[^\s@,;:<>.]+/g;
const phone = /\+\d[\d ()/-]{5,}\d/g;

/** The name stands before the first colon or at the end of the first line; addresses and numbers are ways to reach them, the rest is a note. */
export function parseCapture(text: string): Capture {
  const trimmed = text.trim();
  const end = trimmed.search(/:(?!\d)|\n/);
  const handles = [
    ...(trimmed.match(email) ?? []).map((value) => ({ kind: "email" as const, value })),
    ...(trimmed.match(phone) ?? []).map((value) => ({ kind: "phone" as const, value: value.trim() })),
  ];
  const first = end === -1 ? trimmed : trimmed.slice(0, end);
  const name = clean(first.replaceAll(email, " ").replaceAll(phone, " "));
  const rest = end === -1 ? "" : trimmed.slice(end + 1).trim();
  const isOnlyHandles = clean(rest.replaceAll(email, " ").replaceAll(phone, " ")) === "";
  return { name, note: isOnlyHandles ? "" : rest, handles };
}

function clean(text: string): string {
  return text.replaceAll(/[\s,;<>()]+/g, " ").trim();
}
