/** Takes secrets out of texts that leave a call: servers and errors repeat what they were sent. */
export interface Redaction {
  add(value: string, as: { name: string; written: string }): void;
  clean(text: string): string;
  /** Length of the longest text that is taken out. A text that is cut may begin with the rest of one, which is shorter. */
  readonly charsMax: number;
}

/** What is shorter stands in ordinary texts by chance, and stays there. */
const secretCharsMin = 6;
/** Of a part of a secret, which may be a common word. */
const partCharsMin = 8;

export function createRedaction(): Redaction {
  const forms = new Map<string, string>();
  return {
    add(value, { name, written }) {
      const shown = `[secret ${name}]`;
      for (const form of [value, tokenOf(written), ...partsOf(value)]) {
        if (form.length < secretCharsMin) continue;
        forms.set(form, shown);
        forms.set(encodeURIComponent(form.toWellFormed()), shown);
        forms.set(JSON.stringify(form).slice(1, -1), shown);
      }
    },
    clean(text) {
      let cleaned = text;
      for (const [form, shown] of [...forms].toSorted(([a], [b]) => b.length - a.length))
        cleaned = cleaned.replaceAll(form, () => shown);
      return cleaned;
    },
    get charsMax() {
      return Math.max(0, ...[...forms.keys()].map(({ length }) => length));
    },
  };
}

/** Of "Bearer TOKEN": the scheme is no secret. "": it is written without one. */
function tokenOf(written: string): string {
  return /^[\w-]+ (\S+)$/.exec(written)?.[1] ?? "";
}

/** What is secret for itself: of an address its password, or the name where it has none; of a name and password, which are sent as one, either. */
function partsOf(value: string): string[] {
  const access = /^[a-z][a-z0-9+.-]*:\/\/([^/?#\s]*)@/i.exec(value)?.[1];
  if (access !== undefined) {
    const [name, password] = splitOnce(access);
    const parts = password === "" ? [name].filter(isLongPart) : [password];
    return parts.flatMap((part) => [part, decoded(part)]);
  }
  const isHostAndPort = /^[^:]*:\d{1,5}$/.test(value);
  if (value.includes("://") || isHostAndPort || !/^[^:\s{}"]+:\S+$/.test(value)) return [];
  return splitOnce(value).filter(isLongPart);
}

function splitOnce(text: string): [name: string, password: string] {
  const at = text.indexOf(":");
  return at === -1 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

function isLongPart({ length }: string): boolean {
  return length >= partCharsMin;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
