import { readSchemaIds, type Kernel, type StoredEvent } from "@roost/kernel";

/** The SHA-256 of the schemas of events, by type and version. A version never changes, so each is read once. */
export interface SchemaIds {
  of(events: readonly Pick<StoredEvent, "type" | "version">[]): Promise<(string | undefined)[]>;
}

export function createSchemaIds(kernel: Kernel): SchemaIds {
  const known = new Map<string, string | undefined>();
  const nameOf = ({ type, version }: Pick<StoredEvent, "type" | "version">) => `${type} ${version}`;
  return {
    async of(events) {
      if (!events.every((event) => known.has(nameOf(event)))) {
        for (const { contentId, ...schema } of await readSchemaIds(kernel.database))
          known.set(nameOf(schema), contentId ?? undefined);
        for (const event of events) if (!known.has(nameOf(event))) known.set(nameOf(event), undefined);
      }
      return events.map((event) => known.get(nameOf(event)));
    },
  };
}
