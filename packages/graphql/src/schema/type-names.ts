import type { createNames } from "./names.ts";
import { typeNameOf } from "./names.ts";

/** Names of types of one service: with its prefix, unique in the whole schema. */
export interface TypeNames {
  take(wanted: string): string;
}

export function createTypeNames(all: ReturnType<typeof createNames>, prefix: string): TypeNames {
  return {
    take(wanted) {
      const name = typeNameOf(wanted.startsWith(prefix) ? wanted.slice(prefix.length) : wanted);
      return all.take(prefix + name);
    },
  };
}
