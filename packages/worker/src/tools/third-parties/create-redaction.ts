/** Takes secrets out of texts that leave a call: servers and errors repeat what they were sent. */
export interface Redaction {
  add(value: string, as: { name: string; written: string }): void;
  clean(text: string): string;
}

export function createRedaction(): Redaction {
  const forms = new Map<string, string>();
  return {
    add(value, { name, written }) {
      const shown = `[secret ${name}]`;
      // What stands before a token ("Bearer") is no secret.
      const bare = written.split(" ").at(-1) ?? written;
      // A name and password are sent as one, and each is secret for itself.
      const parts = value.includes(":") ? value.split(":") : [];
      for (const form of [value, bare, ...parts.filter((part) => part.length >= 4)]) {
        forms.set(form, shown);
        forms.set(encodeURIComponent(form), shown);
        forms.set(JSON.stringify(form).slice(1, -1), shown);
      }
    },
    clean(text) {
      let cleaned = text;
      for (const [form, shown] of [...forms].toSorted(([a], [b]) => b.length - a.length))
        if (form !== "") cleaned = cleaned.replaceAll(form, () => shown);
      return cleaned;
    },
  };
}
